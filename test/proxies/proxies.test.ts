import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createSecureServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Stack, startStack } from '../../local/stack.ts'
import { certificate } from '../browser/front.ts'
import { forward, freePort, isOpen, listening, until } from '../support/ports.ts'
import { type Seen, visitor } from '../support/visitor.ts'
import { openWire } from '../support/wire.ts'
import { missing, proxies, type Running } from './programs.ts'
import { type Got, openService } from './service.ts'

const ports = { nginx: await freePort(), caddy: await freePort() }
let stack: Stack
let service: Awaited<ReturnType<typeof openService>>
let wire: Awaited<ReturnType<typeof openWire>>

before(async () => {
  const origins = Object.values(ports).map((port) => `http://localhost:${port}`)
  const env = {
    ALLOWED_CALLBACK_ORIGINS: origins.join(),
    CORS_ALLOWED_ORIGINS: origins.join(),
    INCLUDE_IMID_TOKEN_IN_REQUEST: 'true',
  }
  stack = await startStack({ port: 0, idpPort: 0, refreshEvery: 0, env })
  service = await openService()
  wire = await openWire(Number(new URL(stack.url).port))
})
after(async () => {
  await wire.cut()
  await Promise.all([stack.close(), service.close()])
})

const got = (seen: Seen): Got => {
  equal(seen.status, 200, `${seen.status} ${seen.body}`)
  return JSON.parse(seen.body)
}

const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }

for (const name of ['nginx', 'caddy'] as const)
  describe(`the configuration for ${name}`, { skip: missing(name) }, () => {
    let proxy: Running
    const editor = visitor('editor')

    before(async () => {
      proxy = await proxies[name]({ proxy: ports[name], gateway: wire.port, service: service.port })
    })
    after(() => proxy?.stop())

    const at = (path: string) => `${proxy.url}${path}`

    it('redirects a navigation to the login and back to the page, and passes the person on to the service', async () => {
      const seen = await editor.open(at('/article?id=1&q=%C3%A5'))
      const { url, headers } = got(seen)
      ok(seen.trail[1]?.startsWith(`${stack.url}/imsg-service/v1/org/demo/login?callback=`), seen.trail[1])
      deepEqual([seen.trail.at(-1), url], [at('/article?id=1&q=%C3%A5'), '/article?id=1&q=%C3%A5'])
      match(headers['x-imid-sub'] as string, /^demo_/)
      deepEqual(
        ['org', 'unit', 'units', 'name', 'email'].map((part) => headers[`x-imid-${part}`] ?? ''),
        ['demo', '', 'north,south', 'Edith%20Reyes', 'editor%40demo.example.com'],
      )
      equal(headers['x-imid-token'], editor.cookies.get('imidToken'))
    })

    it('passes the preferred unit on to the service', async () => {
      const chief = visitor('chief')
      await chief.open(at('/'))
      const headers = { origin: stack.url, 'content-type': 'application/json' }
      const wish = { method: 'POST', headers, body: '{"unit":"west"}' }
      equal((await chief.ask(`${stack.url}/imsg-service/v1/unit`, wish)).status, 200)
      equal(got(await chief.ask(at('/'))).headers['x-imid-unit'], 'west')
    })

    it('answers 401 without a session to a fetch, an image, a prefetch and a posted form', async () => {
      for (const [method, headers] of [
        ['GET', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
        ['GET', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
        ['GET', { ...navigation, 'sec-purpose': 'prefetch' }],
        ...(name === 'nginx' ? ([['POST', navigation]] as const) : []),
      ] as const) {
        const seen = await visitor().ask(at('/data'), { method, headers })
        deepEqual([seen.status, seen.headers.location], [401, undefined])
        equal(seen.headers['cache-control'], 'no-store')
      }
    })

    it('replaces x-imid headers of the browser, in every spelling', async () => {
      // The person has no preferred unit: an empty header has to replace the one of the browser.
      const names =
        'X-Imid-Sub X_Imid_Sub x.imid.sub X-Imid_Org X-IMID-TOKEN X-Imid-Cookie X-Imid-Login X-Imid-Unit'
      const spoofed = Object.fromEntries(names.split(' ').map((header) => [header, 'spoofed']))
      const { headers } = got(await editor.ask(at('/'), { headers: spoofed }))
      doesNotMatch(JSON.stringify(headers), /spoofed/)
    })

    it('hides session cookie and bearer token from the service, and passes other cookies and credentials on', async () => {
      const raw = editor.cookies.get('imidToken') ?? ''
      const behind = async (who: typeof editor, headers: Record<string, string>) => {
        const { cookie = '', authorization } = got(await who.ask(at('/'), { headers })).headers
        return [cookie, authorization]
      }
      deepEqual(await behind(editor, { cookie: `a=1; imidToken=${raw}; b="2"` }), ['a=1; b="2"', undefined])
      deepEqual(await behind(visitor(), { authorization: `Bearer ${raw}` }), ['', undefined])
      deepEqual((await behind(editor, { authorization: 'Basic eDp5' }))[1], 'Basic eDp5')
    })

    it('passes no header of the browser about the original request to the gateway', async () => {
      wire.seen.length = 0
      const made = {
        'X-Original-URL': 'https://evil.test/',
        'Sec-Imid-Proxy': '0',
        'X-Forwarded-Uri': '/evil',
      }
      const { status, headers } = await visitor().ask(at('/page'), { headers: { ...navigation, ...made } })
      equal(status, 302)
      equal(new URL(headers.location ?? '').searchParams.get('callback'), at('/page'))
      const asked = wire.seen.join('').toLowerCase()
      doesNotMatch(asked, /x-original-url: https:\/\/evil|sec-imid-proxy: 0/)
      match(asked, /\r\nsec-imid-proxy: 1\r\n/)
      if (name === 'nginx') doesNotMatch(asked, /evil|\r\naccept:/)
    })

    it('answers 401 after a logout elsewhere', async () => {
      const somebody = visitor('editor')
      equal((await somebody.open(at('/'))).status, 200)
      const cookie = { cookie: `imidToken=${somebody.cookies.get('imidToken')}` }
      const wish = { method: 'POST', headers: { ...cookie, origin: stack.url } }
      equal((await visitor().ask(`${stack.url}/imsg-service/v1/logout`, wish)).status, 200)
      equal((await visitor().ask(at('/'), { headers: { ...cookie, 'sec-fetch-mode': 'cors' } })).status, 401)
    })

    it('answers 403 without a redirect when a permission is missing', async () => {
      await editor.open(at('/'))
      for (const path of ['/publish', '/publish/1', '/PUBLISH', '//publish', '/%70ublish'])
        equal((await editor.ask(at(path), { headers: navigation })).status, 403, path)
      equal((await visitor('chief').open(at('/publish'))).status, 200)
    })

    it('passes requests and responses of any size and status on', async () => {
      const body = 'ö'.repeat(100_000)
      const posted = got(await editor.ask(at('/save?x=1'), { method: 'POST', body }))
      deepEqual([posted.method, posted.url, posted.body === body], ['POST', '/save?x=1', true])
      for (const status of [401, 500])
        equal((await editor.ask(at(`/own-${status}`), { headers: navigation })).status, status)
    })

    it('opens websockets only with a session', async () => {
      const opened = (cookie: string) =>
        new Promise<string>((resolve) => {
          const url = at('/live').replace('http', 'ws')
          const socket = new WebSocket(url, { headers: { cookie } } as unknown as string[])
          socket.addEventListener('message', ({ data }) => resolve(String(data)))
          socket.addEventListener('error', () => resolve('refused'))
        })
      wire.seen.length = 0
      const headers = JSON.parse(await opened(`imidToken=${editor.cookies.get('imidToken')}`))
      match(headers['x-imid-sub'], /^demo_/)
      doesNotMatch(wire.seen.join(''), /\r\nupgrade:/i)
      equal(await opened('imidToken=x'), 'refused')
    })

    it('passes preflights on to the service, without a person', async () => {
      const asking = { origin: 'https://elsewhere.example', 'access-control-request-method': 'PUT' }
      const headers = { ...asking, 'x-imid-sub': 'spoofed' }
      const preflight = got(await editor.ask(at('/publish'), { method: 'OPTIONS', headers }))
      const { cookie = '', 'x-imid-sub': sub = '' } = preflight.headers
      deepEqual([preflight.method, cookie, sub], ['OPTIONS', '', ''])
    })

    it('answers 503 without a redirect while the gateway cannot be reached', async () => {
      await wire.cut()
      for (const person of [editor, visitor()]) {
        const { status, headers } = await person.ask(at('/'), { headers: navigation })
        deepEqual([status, headers.location, headers['retry-after']], [503, undefined, '5'])
      }
      await wire.mend()
      equal((await editor.ask(at('/'))).status, 200)
    })

    it('reuses connections to the gateway, and accepts large response headers', async () => {
      const cookies = `imidToken=${editor.cookies.get('imidToken')}; large=${'x'.repeat(6000)}`
      const before = wire.connections()
      for (let count = 0; count < 20; count++) {
        const { headers } = got(await visitor().ask(at('/'), { headers: { cookie: cookies } }))
        equal(headers.cookie?.length, 6006)
      }
      ok(wire.connections() - before <= 4, `${wire.connections() - before} connections`)
    })
  })

describe('examples/page-behind-nginx.ts', { skip: missing('nginx') }, () => {
  it('greets a person with a session, and signs them out', async () => {
    const port = await freePort()
    const env = { PATH: process.env.PATH, PORT: String(port), GATEWAY: stack.url }
    const page = spawn(process.execPath, ['examples/page-behind-nginx.ts'], { env, stdio: 'inherit' })
    const proxy = await proxies.nginx({ proxy: ports.nginx, gateway: wire.port, service: port })
    const person = visitor('editor')
    ok(await until(() => isOpen(port), page))
    const seen = await person.open(proxy.url)
    match(seen.body, /<h1>Hello Edith Reyes<\/h1>\n<p>Of demo, in the units north,south/)
    const [, action = ''] = /action="([^"]+)"/.exec(seen.body) ?? []
    const out = await person.ask(action, { method: 'POST', headers: { ...navigation, origin: proxy.url } })
    equal(out.status, 200)
    equal((await person.ask(proxy.url, { headers: { 'sec-fetch-mode': 'cors' } })).status, 401)
    await proxy.stop()
    page.kill()
  })
})

describe('a gateway behind TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'authority-'))
  const ours = join(folder, 'ours.pem')
  const strangers = join(folder, 'strangers.pem')
  const made = certificate()
  writeFileSync(ours, made.cert)
  writeFileSync(strangers, certificate().cert)
  let front: Awaited<ReturnType<typeof listening>>

  before(async () => {
    front = await listening(
      createSecureServer(made, (incoming, response) => forward(stack.url, incoming, response)),
    )
  })
  after(async () => {
    await front.close()
    rmSync(folder, { recursive: true })
  })

  for (const name of ['nginx', 'caddy'] as const)
    it(`is used by ${name} only when its certificate is trusted`, {
      skip: missing(name),
    }, async () => {
      for (const [authority, status] of [
        [ours, 302],
        [strangers, 503],
      ] as const) {
        const places = { proxy: await freePort(), gateway: front.port, service: service.port }
        const proxy = await proxies[name](places, { host: 'localhost', authority })
        equal((await visitor().ask(`${proxy.url}/`, { headers: navigation })).status, status, proxy.log())
        await proxy.stop()
      }
    })
})
