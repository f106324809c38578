import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { smoke } from '../../infra/smoke.ts'
import { checks } from '../../infra/smoke-checks.ts'
import { methodAndPath, type Route, routes } from '../../lib/routes.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { each } from '../support/each.ts'
import { listening } from '../support/ports.ts'

/** The smoke test against a gateway that is well, and against gateways that each break one promise. */

const root = join(import.meta.dirname, '..', '..')
const editor = 'https://editor.example.com'
let stack: Stack

/** An answer on its way back, which a broken gateway spoils. */
type Passing = { path: string; status: number; headers: Record<string, string | string[]>; body: string }
type Spoil = (answer: Passing) => void
let spoil: Spoil = () => {}

const front: RequestListener = (incoming, outgoing) => {
  const { method, headers, url: path = '/' } = incoming
  const sent = request(new URL(path, stack.url), { method, headers }, async (answer) => {
    const kept = Object.entries(answer.headersDistinct).filter(([name]) => name !== 'content-length')
    const passing: Passing = {
      path,
      status: answer.statusCode ?? 0,
      headers: Object.fromEntries(kept.map(([name, values = []]) => [name, values])),
      body: await text(answer),
    }
    spoil(passing)
    outgoing.writeHead(passing.status, passing.headers).end(passing.body)
  })
  incoming.pipe(sent)
}
const server = createServer(front)
let url = ''

before(async () => {
  url = `http://localhost:${(await listening(server, 'localhost')).port}`
  const env = { PUBLIC_URL: url, CORS_ALLOWED_ORIGINS: editor }
  stack = await startStack({ port: 0, idpPort: 0, refreshEvery: 3600, env })
})
after(async () => {
  server.close()
  await stack.close()
})

/** The problems that are found with this in the way. */
const problemsWith = async (broken: Spoil, options = {}): Promise<string[]> => {
  spoil = broken
  const findings = await smoke(url, options)
  return findings.flatMap(({ what, problems }) => problems.map((problem) => `${what}: ${problem}`))
}

const cli = async (...args: string[]) => {
  const child = spawn(process.execPath, ['infra/smoke.ts', ...args], { cwd: root })
  const [stdout, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return { status, stdout }
}

/** Spoils the answers of paths that match. */
const at =
  (path: RegExp, change: Spoil): Spoil =>
  (answer) =>
    path.test(answer.path) && change(answer)
const without =
  (name: string): Spoil =>
  (answer) =>
    delete answer.headers[name]
const rewritten =
  (from: RegExp, to: string): Spoil =>
  (answer) => {
    answer.body = answer.body.replaceAll(from, to)
  }
const changed =
  (change: Partial<Pick<Passing, 'status' | 'body'>>, headers: Passing['headers'] = {}): Spoil =>
  (answer) =>
    Object.assign(answer, change, { headers: { ...answer.headers, ...headers } })
const cookies =
  (change: (cookie: string) => string): Spoil =>
  (answer) => {
    const all = [answer.headers['set-cookie'] ?? []].flat()
    answer.headers['set-cookie'] = all.map(change)
  }
const elsewhere: Spoil = (answer) => {
  const { location = '' } = answer.headers
  const to = encodeURIComponent('https://elsewhere.example')
  answer.headers.location = String(location).replace(encodeURIComponent(url), to)
}
const noState = { status: 500, body: '{"inGrace":false,"stateChecksum":"No checksum string"}' }

const demo = { org: 'demo' }
const broken: readonly [what: string, spoil: Spoil, problem: RegExp, options?: object][] = [
  [
    'a refusal with a body of its own',
    rewritten(/"errors\.auth\.MissingToken"/g, '"Unauthorized"'),
    /token-is-set, no session: the key of token_missing: body is/,
  ],
  [
    'a poll that is good for everybody',
    at(/token-is-set/, changed({ status: 200 })),
    /token-is-set, no session: .*status 200, not 401/,
  ],
  [
    'a cache that may keep the health',
    at(/health/, changed({}, { 'cache-control': 'max-age=60' })),
    /health: .*cache-control is "max-age=60", not "no-store"/,
  ],
  [
    'a health without a state',
    at(/health/, changed(noState)),
    /health: .*status 500, not 200: there is no state/,
  ],
  [
    'a page with a script',
    rewritten(/<\/body>/g, '<script>1</script></body>'),
    /units, no session: the page of token_missing: the page has a script/,
  ],
  [
    'a problem document of another code',
    rewritten(/foreign_origin/g, 'token_missing'),
    /logout, another site: the problem document of foreign_origin: code is "token_missing"/,
  ],
  [
    'permission for whatever origin asks',
    changed({}, { 'access-control-allow-origin': '*' }),
    /CORS, a preflight from an unlisted origin: .*access-control-allow-origin is "\*", not missing/,
  ],
  [
    'no permission for a listed origin',
    without('access-control-allow-origin'),
    /CORS, a request from a listed origin: .*access-control-allow-origin is missing/,
    { cors: editor },
  ],
  [
    'a login cookie that scripts can read',
    cookies((cookie) => cookie.replace('; HttpOnly', '')),
    /org-login: a login starts: imsg-login-[\w-]{8} lacks httponly/,
    demo,
  ],
  [
    'a login that nothing ties to its browser',
    without('set-cookie'),
    /org-login: a login starts: whether a cookie is set.* is false, not true/,
    demo,
  ],
  [
    'a refusal without a challenge',
    without('www-authenticate'),
    /token-is-set, no session: the key of token_missing: www-authenticate is missing/,
  ],
  [
    'a login that comes back to somebody else',
    elsewhere,
    /org-login: a login starts: the callback URL is "https:\/\/elsewhere/,
    demo,
  ],
  [
    'a session for a login that nobody began',
    at(/imid_token/, changed({}, { 'set-cookie': 'imidToken=smoke' })),
    /callback, a login that was not started here: .*a cookie is set: imidToken/,
  ],
  [
    'a logout that keeps the cookie',
    at(/logout/, without('set-cookie')),
    /logout, no session: .*no cookie is cleared/,
  ],
  [
    'an organisation that cannot sign in',
    () => {},
    /^org-login: .*: status 403, not 302: is this organisation known\?/m,
    { org: 'nobody' },
  ],
]

describe('the smoke test', () => {
  it('asks something of every route', () => {
    const paths = checks('https://gateway.example.com', demo).map(({ sent: { path } }) => path)
    for (const [name, row] of Object.entries<Route>(routes)) {
      const where = methodAndPath(row)
      const pattern = where && new RegExp(`^${where.path.replace(/\{\w+\}/, '[^/]+')}(\\?|$)`)
      ok(pattern === undefined || paths.some((path) => pattern.test(path)), name)
    }
  })

  it('finds nothing wrong with a gateway that is well, and knows no secret', async () =>
    deepEqual(await problemsWith(() => {}, { ...demo, cors: editor }), []))

  each(
    'finds what is broken',
    broken,
  )(async ([, spoiled, problem, options]) =>
    match((await problemsWith(spoiled, options)).join('\n'), problem),
  )

  it('tells a person line by line, and a program by its status', async () => {
    spoil = () => {}
    const well = await cli(url, '--org', 'demo')
    equal(well.status, 0, well.stdout)
    match(well.stdout, /^ok {3}200 health: /)
    match(well.stdout, /\n(\d+) of \1 responses of http:\/\/localhost:\d+ are as documented\.\n$/)

    spoil = changed({ status: 503 })
    const ill = await cli(url)
    equal(ill.status, 1)
    match(ill.stdout, /^FAIL 503 health: .*\n {9}status 503\n/)
    equal((await cli('gateway')).status, 2)
    const nobody = await cli('http://localhost:1')
    equal(nobody.status, 1)
    match(nobody.stdout, /^FAIL --- health: .*\n {9}no answer: /)
  })
})
