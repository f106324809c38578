import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { smoke } from '../../infra/smoke.ts'
import { checks } from '../../infra/smoke-checks.ts'
import { methodAndPath, type Route, routes } from '../../lib/routes.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { root } from '../../local/synthesis.ts'
import { each } from '../support/each.ts'
import { listening } from '../support/ports.ts'

/** The smoke test against a gateway that is well, and against gateways that each break one promise. */

const editor = 'https://editor.example.com'
let stack: Stack

/** What a broken gateway answers otherwise, at paths that match. */
type Broken = Readonly<{
  at?: RegExp
  status?: number
  body?: readonly [from: RegExp, to: string]
  /** A header, each value of which is changed, or left out. */
  header?: readonly [name: string, change: (value: string) => string | undefined]
}>
let broken: Broken = {}
const no = () => undefined

const front = createServer((incoming, outgoing) => {
  const { method, headers, url: path = '/' } = incoming
  const sent = request(new URL(path, stack.url), { method, headers }, async (answer) => {
    const { at = /./, status, body: [from, to] = [/(?!)/g, ''], header: [name, change] = ['', no] } = broken
    const isSpoiled = at.test(path)
    const values = { ...answer.headersDistinct }
    delete values['content-length']
    if (isSpoiled && name) values[name] = (values[name] ?? ['']).flatMap((value) => change(value) ?? [])
    for (const [each, all = []] of Object.entries(values)) if (all.length > 0) outgoing.setHeader(each, all)
    const body = await text(answer)
    outgoing.writeHead((isSpoiled && status) || (answer.statusCode ?? 0))
    outgoing.end(isSpoiled ? body.replaceAll(from, to) : body)
  })
  incoming.pipe(sent)
})
let url = ''

before(async () => {
  url = `http://localhost:${(await listening(front, 'localhost')).port}`
  const env = { PUBLIC_URL: url, CORS_ALLOWED_ORIGINS: editor }
  stack = await startStack({ port: 0, idpPort: 0, refreshEvery: 3600, env })
})
after(async () => {
  front.close()
  await stack.close()
})

const demo = { org: 'demo' }
const rows: readonly (readonly [broken: Broken, problem: RegExp, options?: object])[] = [
  // A refusal with a body of its own.
  [
    { body: [/"errors\.auth\.MissingToken"/g, '"Unauthorized"'] },
    /token-is-set, no session: the key of token_missing: body is/,
  ],
  // A poll that is good for everybody.
  [{ at: /token-is-set/, status: 200 }, /token-is-set, no session: .*status 200, not 401/],
  // A cache that may keep the health.
  [
    { at: /health/, header: ['cache-control', () => 'max-age=60'] },
    /health: .*cache-control is "max-age=60", not "no-store"/,
  ],
  // A health without a state.
  [
    { at: /health/, status: 500, body: [/"stateChecksum":"\w+"/g, '"stateChecksum":"No checksum string"'] },
    /health: .*status 500, not 200: there is no state/,
  ],
  // A page with a script.
  [
    { body: [/<\/body>/g, '<script>1</script></body>'] },
    /units, no session: the page of token_missing: the page has a script/,
  ],
  // A problem document of another code.
  [
    { body: [/foreign_origin/g, 'token_missing'] },
    /logout, another site: the problem document of foreign_origin: code is "token_missing"/,
  ],
  // Permission for whatever origin asks.
  [
    { header: ['access-control-allow-origin', () => '*'] },
    /CORS, a preflight from an unlisted origin: .*access-control-allow-origin is "\*", not missing/,
  ],
  // No permission for a listed origin.
  [
    { header: ['access-control-allow-origin', no] },
    /CORS, a request from a listed origin: .*access-control-allow-origin is missing/,
    { cors: editor },
  ],
  // A login cookie that scripts can read.
  [
    { header: ['set-cookie', (cookie) => cookie.replace('; HttpOnly', '')] },
    /org-login: a login starts: imsg-login-[\w-]{8} lacks httponly/,
    demo,
  ],
  // A login that nothing ties to its browser.
  [
    { header: ['set-cookie', no] },
    /org-login: a login starts: whether a cookie is set.* is false, not true/,
    demo,
  ],
  // A refusal without a challenge.
  [
    { header: ['www-authenticate', no] },
    /token-is-set, no session: the key of token_missing: www-authenticate is missing/,
  ],
  // A login that comes back to somebody else.
  [
    {
      header: ['location', (to) => to.replace(encodeURIComponent(url), 'https%3A%2F%2Felsewhere.example')],
    },
    /org-login: a login starts: the callback URL is "https:\/\/elsewhere/,
    demo,
  ],
  // A session for a login that nobody began.
  [
    { at: /imid_token/, header: ['set-cookie', () => 'imidToken=smoke'] },
    /callback, a login that was not started here: .*a cookie is set: imidToken/,
  ],
  // A logout that keeps the cookie.
  [{ at: /logout/, header: ['set-cookie', no] }, /logout, no session: .*no cookie is cleared/],
  // An organisation that cannot sign in.
  [{}, /^org-login: .*: status 403, not 302: is this organisation known\?/m, { org: 'nobody' }],
]

/** The problems that are found with this in the way. */
const problemsWith = async (change: Broken, options = {}): Promise<string[]> => {
  broken = change
  const findings = await smoke(url, options)
  return findings.flatMap(({ what, problems }) => problems.map((problem) => `${what}: ${problem}`))
}

const cli = async (...args: string[]) => {
  const child = spawn(process.execPath, ['infra/smoke.ts', ...args], { cwd: root })
  const [stdout, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return { status, stdout }
}

describe('The smoke test', () => {
  it('sends a request to every route', () => {
    const paths = checks('https://gateway.example.com', demo).map(({ sent: { path } }) => path)
    for (const [name, row] of Object.entries<Route>(routes)) {
      const where = methodAndPath(row)
      const pattern = where && new RegExp(`^${where.path.replace(/\{\w+\}/, '[^/]+')}(\\?|$)`)
      ok(pattern === undefined || paths.some((path) => pattern.test(path)), name)
    }
  })

  it('passes for a working gateway, without any secret', async () =>
    deepEqual(await problemsWith({}, { ...demo, cors: editor }), []))

  each(
    'reports what is broken',
    rows,
  )(async ([change, problem, options]) => match((await problemsWith(change, options)).join('\n'), problem))

  it('prints a line for each check, and exits with 1 after a failure', async () => {
    broken = {}
    const well = await cli(url, '--org', 'demo')
    equal(well.status, 0, well.stdout)
    match(well.stdout, /^ok {3}200 health: /)
    match(well.stdout, /\n(\d+) of \1 responses of http:\/\/localhost:\d+ are as documented\.\n$/)

    broken = { status: 503 }
    const ill = await cli(url)
    equal(ill.status, 1)
    match(ill.stdout, /^FAIL 503 health: .*\n {9}status 503\n/)
    equal((await cli('gateway')).status, 2)
    const nobody = await cli('http://localhost:1')
    equal(nobody.status, 1)
    match(nobody.stdout, /^FAIL --- health: .*\n {9}no answer: /)
  })
})
