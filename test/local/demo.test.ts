import { deepEqual, equal, match } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { demo } from '../../local/demo/server.ts'
import { listenOnLoopback } from '../../local/listening.ts'
import { each } from '../support/each.ts'

type Listener = Parameters<typeof listenOnLoopback>[0]

const closers: (() => Promise<void>)[] = []
after(() => Promise.all(closers.map((close) => close())))
const serve = async (listener: Listener) => {
  const { port, close } = await listenOnLoopback(listener, 0)
  closers.push(close)
  return `http://127.0.0.1:${port}`
}
const serveDemo = (gateway: string): Promise<string> => {
  const page = demo({ gateway, cookieName: 'imidToken', standIn: true })
  return serve(async (request, response) => {
    if (!(await page(request, response))) response.writeHead(418).end()
  })
}

/** What the gateway answers, and the questions it got. */
const told = { status: 200, headers: {} as Record<string, string> }
const asked: string[] = []

let origin: string
before(async () => {
  const gateway = await serve((request, response) => {
    asked.push(`${request.url} ${request.headers.cookie}`)
    response.writeHead(told.status, told.headers).end()
  })
  origin = await serveDemo(gateway)
})

describe('The demo service', () => {
  each('serves each file under a policy that lets nothing in but its own', [
    ['/', 'text/html', /<noscript>/],
    ['/demo.js', 'text/javascript', /token-is-set/],
    ['/demo.css', 'text/css', /prefers-color-scheme: dark/],
  ])(async ([path, type, content]) => {
    const answer = await fetch(origin + path)
    deepEqual([answer.status, answer.headers.get('content-type')], [200, `${type}; charset=utf-8`])
    match(answer.headers.get('content-security-policy') ?? '', /^default-src 'none'; script-src 'self'; /)
    match(await answer.text(), content)
  })

  each('leaves other paths to others', ['/imsg-service/v1/token-is-set', '/constructor', '//'])(
    async (path) => equal((await fetch(origin + path)).status, 418),
  )
})

describe('GET /whoami of the demo service', () => {
  const ask = async (cookie: string, status: number, headers: Record<string, string> = {}) => {
    Object.assign(told, { status, headers })
    const answer = await fetch(`${origin}/whoami`, { headers: { cookie } })
    return [answer.status, await answer.json()]
  }

  it('tells who the gateway says it is, and where they may do what', async () => {
    const headers = {
      'x-imid-sub': 'demo_1',
      'x-imid-org': 'demo',
      'x-imid-name': 'Edda%20Lind',
      'x-imid-email': 'edda%40demo.example',
      'x-imid-units': 'north,south',
      'x-imid-permissions': 'content%3Aread,north/content%3Awrite',
    }
    const may = { read: ['everywhere'], write: ['north'], publish: [] }
    deepEqual(await ask('other={"a";1}; imidToken=good', 200, headers), [
      200,
      { name: 'Edda Lind', email: 'edda@demo.example', org: 'demo', subject: 'demo_1', may },
    ])
    equal(asked.at(-1), '/imsg-service/v1/authorize?org=* imidToken=good')
  })

  it('knows nobody when the gateway does not, and calls nobody signed out when it cannot be asked', async () => {
    deepEqual(await ask('imidToken=ended', 401), [401, { signedIn: false }])
    deepEqual(await ask('imidToken=unknown', 503), [503, { signedIn: 'unknown' }])
    deepEqual(await ask('other=1', 503), [401, { signedIn: false }])
  })
})
