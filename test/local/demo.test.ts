import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
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
const serveDemo = (imasUrl: string): Promise<string> => {
  const page = demo({ imasUrl, cookieName: 'imidToken', standIn: true })
  return serve(async (request, response) => {
    if (!(await page(request, response))) response.writeHead(418).end()
  })
}

const [keys, strangers] = await Promise.all([
  generateKeyPair('RS512', { extractable: true }),
  generateKeyPair('RS512'),
])
const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS512', use: 'sig' }
const exp = Math.floor(Date.now() / 1000) + 600
const claims = { ntt: 'id_token', sub: 'demo_1', org: 'demo', groups: ['editors'], exp, secret: 'canary' }
const token = (more: Record<string, unknown> = {}, { privateKey } = keys, kid = 'k1'): Promise<string> =>
  new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg: 'RS512', kid, typ: 'JWT' }).sign(privateKey)

let origin: string
before(async () => {
  origin = await serveDemo(await serve((_, response) => response.end(JSON.stringify({ keys: [jwk] }))))
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

  it('has every element that its script looks for', async () => {
    const [page = '', script = ''] = await Promise.all(
      ['/', '/demo.js'].map(async (path) => (await fetch(origin + path)).text()),
    )
    const wanted = [...script.matchAll(/byId\("([^"]+)"\)/g)].map(([, id]) => id)
    ok(wanted.length > 10, `${wanted.length} elements`)
    deepEqual(
      wanted.filter((id) => !page.includes(`id="${id}"`)),
      [],
    )
  })

  each('leaves other paths to others', ['/imsg-service/v1/token-is-set', '/constructor', '//'])(
    async (path) => equal((await fetch(origin + path)).status, 418),
  )
})

describe('GET /whoami of the demo service', () => {
  const ask = async (cookie: string, at = origin): Promise<{ status: number; body: unknown }> => {
    const answer = await fetch(`${at}/whoami`, { headers: { cookie } })
    return { status: answer.status, body: await answer.json() }
  }

  it('tells who the verified cookie speaks of, and nothing more of the token', async () => {
    const expires = new Date(exp * 1000).toISOString()
    deepEqual(await ask(`other={"a";1}; imidToken=${await token()}`), {
      status: 200,
      body: { subject: 'demo_1', org: 'demo', groups: ['editors'], expires },
    })
  })

  each('knows nobody by a token that does not hold', [
    ['none', async (): Promise<string> => ''],
    ['two', async (): Promise<string> => `${await token()}; imidToken=${await token()}`],
    ['expired', () => token({ exp: exp - 601 })],
    ['without an end', () => token({ exp: undefined })],
    ['signed by a stranger', () => token({}, strangers)],
    ['of an unknown key', () => token({}, strangers, 'k2')],
    ['for access', () => token({ ntt: 'access_token' })],
  ])(async ([, cookie]) =>
    deepEqual(await ask(`imidToken=${await cookie()}`), { status: 401, body: { signedIn: false } }),
  )

  it('does not call anybody signed out when the keys cannot be had', async () => {
    const broken = await serveDemo('http://127.0.0.1:1')
    deepEqual(await ask(`imidToken=${await token()}`, broken), { status: 503, body: { signedIn: 'unknown' } })
  })
})
