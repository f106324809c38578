import { deepEqual, equal, match } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { demo } from '../../local/demo/server.ts'
import { listenOnLoopback } from '../../local/listening.ts'
import { send } from '../support/visitor.ts'

const closers: (() => Promise<void>)[] = []
after(() => Promise.all(closers.map((close) => close())))
const serve = async (listener: Parameters<typeof listenOnLoopback>[0]) => {
  const { port, close } = await listenOnLoopback(listener, 0)
  closers.push(close)
  return `http://127.0.0.1:${port}`
}

describe('the demo service', () => {
  /** The response of the gateway, and the last request to it. */
  const gateway = { status: 200, headers: {} as Record<string, string>, asked: '' }
  let origin: string
  before(async () => {
    const url = await serve((request, response) => {
      gateway.asked = `${request.url} ${request.headers.cookie}`
      response.writeHead(gateway.status, gateway.headers).end()
    })
    const page = demo({ gateway: url, cookieName: 'imidToken' })
    origin = await serve(async (request, response) => {
      if (!(await page(request, response))) response.writeHead(418).end()
    })
  })

  it('allows only its own content in its page, and serves only its own paths', async () => {
    const { headers } = await send(origin)
    match(String(headers['content-security-policy']), /^default-src 'none'; script-src 'self'; /)
    for (const path of ['/imsg-service/v1/token-is-set', '/constructor', '//'])
      equal((await send(origin + path)).status, 418, path)
  })

  const whoami = async (cookie: string, status: number, headers: Record<string, string> = {}) => {
    Object.assign(gateway, { status, headers })
    const answer = await send(`${origin}/whoami`, { headers: { cookie } })
    return [answer.status, JSON.parse(answer.body)]
  }

  it('shows the person that the gateway names, with units and permissions', async () => {
    const headers = {
      'x-imid-sub': 'demo_1',
      'x-imid-org': 'demo',
      'x-imid-name': 'Edda%20Lind',
      'x-imid-email': 'edda%40demo.example',
      'x-imid-units': 'north,south',
      'x-imid-permissions': 'content%3Aread,north/content%3Awrite',
    }
    const may = { read: ['everywhere'], write: ['north'], publish: [] }
    deepEqual(await whoami('imidToken=good', 200, headers), [
      200,
      { name: 'Edda Lind', email: 'edda@demo.example', org: 'demo', subject: 'demo_1', may },
    ])
    equal(gateway.asked, '/imsg-service/v1/authorize?org=* imidToken=good')
  })

  it('answers 401 without a session, and 503 when the gateway is not available', async () => {
    deepEqual(await whoami('imidToken=ended', 401), [401, { signedIn: false }])
    deepEqual(await whoami('imidToken=unknown', 503), [503, { signedIn: 'unknown' }])
  })
})
