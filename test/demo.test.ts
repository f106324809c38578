import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { demo } from '../local/demo/server.ts'

const servers: Server[] = []
after(() => servers.forEach((server) => void server.close().closeAllConnections()))

const serve = async (listener: RequestListener) => {
  const server = createServer(listener)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const serveDemo = (options: Parameters<typeof demo>[0]) => {
  const page = demo(options)
  return serve(async (request, response) => {
    if (!(await page(request, response))) response.writeHead(418).end('not mine')
  })
}

const keys = await generateKeyPair('RS512', { extractable: true })
const strangers = await generateKeyPair('RS512')
const published = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS512', use: 'sig' }
const userinfo = {
  given_name: 'Edda',
  family_name: 'Lind',
  email: 'edda@demo.example',
  picture: 'https://x.example/e.png',
}
const now = Math.floor(Date.now() / 1000)
const claims = {
  ntt: 'id_token',
  sub: 'demo_1',
  org: 'demo',
  groups: ['editors'],
  userinfo,
  iat: now,
  exp: now + 600,
  secret: 'canary',
}

const token = (change: Record<string, unknown> = {}, key = keys.privateKey, kid = 'k1') =>
  new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg: 'RS512', kid, typ: 'JWT' }).sign(key)

let origin: string
let identity: string
before(async () => {
  identity = await serve((request, response) => {
    if (request.url !== '/v1/jwks') response.statusCode = 404
    response.end(JSON.stringify({ keys: [published] }))
  })
  origin = await serveDemo({ imasUrl: identity, cookieName: 'imidToken', standIn: true })
})

describe('the demo service', () => {
  for (const [path, type, content] of [
    ['/', 'text/html', /<h1>Demo service<\/h1>/],
    ['/demo.js', 'text/javascript', /token-is-set/],
    ['/demo.css', 'text/css', /prefers-color-scheme: dark/],
    ['/demo.svg', 'image/svg+xml', /<svg/],
  ] as const)
    it(`serves ${path} under a policy that lets nothing in but its own files`, async () => {
      const answer = await fetch(origin + path)
      equal(answer.status, 200)
      match(await answer.text(), content)
      const names = [
        'content-type',
        'cache-control',
        'x-content-type-options',
        'referrer-policy',
        'content-security-policy',
      ]
      deepEqual(
        names.map((name) => answer.headers.get(name)),
        [
          `${type}; charset=utf-8`,
          'no-store',
          'nosniff',
          'no-referrer',
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ],
      )
    })

  it('serves the explanations of all errors, under the policy that they bring along', async () => {
    const answer = await fetch(`${origin}/errors.html`)
    deepEqual([answer.status, answer.headers.get('content-security-policy')], [200, "frame-ancestors 'none'"])
    match(
      await answer.text(),
      /<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'sha256-/,
    )
  })

  it('holds nothing that its policy would refuse: no inline script or style, nothing from elsewhere', async () => {
    const page = await (await fetch(origin)).text()
    doesNotMatch(page, /<script(?![^>]* src="\/)|<style|\sstyle=|\son\w+=|(?:src|href)="(?:https?:)?\/\//i)
    ok(page.includes('<noscript>'))
  })

  it('has every element that its script looks for', async () => {
    const [page, script] = await Promise.all(
      ['/', '/demo.js'].map(async (path) => (await fetch(origin + path)).text()),
    )
    const wanted = [...(script ?? '').matchAll(/byId\("([^"]+)"\)/g)].map(([, id]) => id)
    ok(wanted.length > 10)
    deepEqual(
      wanted.filter((id) => !page?.includes(`id="${id}"`)),
      [],
    )
  })

  it('offers the organisations of the stand-in, or else asks for one', async () => {
    const real = await serveDemo({ imasUrl: identity, cookieName: 'imidToken' })
    const [ours, theirs] = await Promise.all([origin, real].map(async (url) => (await fetch(url)).text()))
    match(ours ?? '', /<html lang="en" data-identity="stand-in">/)
    match(theirs ?? '', /<html lang="en" data-identity="real">/)
  })

  it('answers with a query as without, and HEAD without a body', async () => {
    equal((await fetch(`${origin}/?from=login`)).status, 200)
    const head = await fetch(`${origin}/demo.css`, { method: 'HEAD' })
    deepEqual([head.status, await head.text()], [200, ''])
  })

  for (const [method, path] of [
    ['GET', '/imsg-service/v1/token-is-set'],
    ['GET', '/nothing'],
    ['GET', '/constructor'],
    ['GET', '//'],
    ['POST', '/'],
    ['POST', '/whoami'],
  ])
    it(`leaves ${method} ${path} to others`, async () => {
      const answer = await fetch(origin + path, { method: method ?? '' })
      deepEqual([answer.status, await answer.text()], [418, 'not mine'])
    })
})

describe('GET /whoami', () => {
  const ask = async (cookie: string, at = origin) => {
    const answer = await fetch(`${at}/whoami`, { headers: { cookie } })
    equal(answer.headers.get('cache-control'), 'no-store')
    return { status: answer.status, body: JSON.parse(await answer.text()) }
  }
  const nobody = { status: 401, body: { signedIn: false } }

  it('tells who the verified cookie speaks of, and nothing more of the token', async () => {
    const expires = new Date(claims.exp * 1000).toISOString()
    deepEqual(await ask(`other={"a";1}; imidToken=${await token()}; imidTokens=x`), {
      status: 200,
      body: {
        subject: 'demo_1',
        org: 'demo',
        givenName: 'Edda',
        familyName: 'Lind',
        email: 'edda@demo.example',
        groups: ['editors'],
        expires,
      },
    })
  })

  it('does without what a token may leave out', async () => {
    const { status, body } = await ask(`imidToken=${await token({ userinfo: null, groups: 'all' })}`)
    deepEqual([status, Object.keys(body)], [200, ['subject', 'org', 'groups', 'expires']])
    deepEqual(body.groups, [])
  })

  for (const [what, cookie] of [
    ['no cookie', async () => 'other=1'],
    ['an empty cookie', async () => 'imidToken='],
    ['a cookie of a similar name', async () => `imidtoken=${await token()}`],
    ['two cookies of the name', async () => `imidToken=${await token()}; imidToken=${await token()}`],
    ['an expired token', async () => `imidToken=${await token({ exp: now - 1 })}`],
    ['a token without an end', async () => `imidToken=${await token({ exp: undefined })}`],
    ['a token signed by a stranger', async () => `imidToken=${await token({}, strangers.privateKey)}`],
    ['a token of an unknown key', async () => `imidToken=${await token({}, strangers.privateKey, 'k2')}`],
    [
      'a token changed after signing',
      async () => `imidToken=${(await token()).replace(/\.[^.]+\./, `.${btoa('{"sub":"x"}')}.`)}`,
    ],
    [
      'a token that nobody signed',
      async () => `imidToken=${btoa('{"alg":"none"}')}.${btoa(JSON.stringify(claims))}.`,
    ],
    ['an access token', async () => `imidToken=${await token({ ntt: 'access_token' })}`],
    ['a token without an organisation', async () => `imidToken=${await token({ org: 7 })}`],
    ['no token at all', async () => 'imidToken=hello'],
  ] as const)
    it(`knows nobody by ${what}`, async () => deepEqual(await ask(await cookie()), nobody))

  it('does not call anybody signed out when the keys cannot be had', async () => {
    const broken = await serve((_, response) => response.writeHead(500).end())
    for (const imasUrl of [broken, `${identity}/elsewhere`, 'http://127.0.0.1:1'])
      deepEqual(
        await ask(`imidToken=${await token()}`, await serveDemo({ imasUrl, cookieName: 'imidToken' })),
        {
          status: 503,
          body: { signedIn: 'unknown' },
        },
      )
  })

  it('reads the cookie that it was told to', async () => {
    const at = await serveDemo({ imasUrl: identity, cookieName: 'dev-imidToken' })
    deepEqual(await ask(`imidToken=${await token()}`, at), nobody)
    equal((await ask(`dev-imidToken=${await token()}`, at)).status, 200)
  })
})
