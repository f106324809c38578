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

/** The smoke test against the local stack, behind a proxy that breaks its responses. */

const editor = 'https://editor.example.com'
let stack: Stack

/** How the proxy changes responses at paths that match `at`. */
type Broken = Readonly<{
  at?: RegExp
  status?: number
  body?: readonly [from: RegExp, to: string]
  /** A header, and the change of each value. undefined removes it. */
  header?: readonly [name: string, change: (value: string) => string | undefined]
}>
let broken: Broken = {}
const removed = () => undefined

const front = createServer((incoming, outgoing) => {
  const { method, headers, url: path = '/' } = incoming
  const sent = request(new URL(path, stack.url), { method, headers }, async (answer) => {
    const {
      at = /./,
      status,
      body: [from, to] = [/(?!)/g, ''],
      header: [name, change] = ['', removed],
    } = broken
    const isBroken = at.test(path)
    const values = { ...answer.headersDistinct }
    delete values['content-length']
    if (isBroken && name) values[name] = (values[name] ?? ['']).flatMap((value) => change(value) ?? [])
    for (const [each, all = []] of Object.entries(values)) if (all.length > 0) outgoing.setHeader(each, all)
    const body = await text(answer)
    outgoing.writeHead((isBroken && status) || (answer.statusCode ?? 0))
    outgoing.end(isBroken ? body.replaceAll(from, to) : body)
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
/** Broken responses, and the problem that the smoke test reports. */
const rows: readonly (readonly [broken: Broken, problem: RegExp, options?: object])[] = [
  [
    { body: [/"errors\.auth\.MissingToken"/g, '"Unauthorized"'] },
    /token-is-set, no session: the key of token_missing: body is/,
  ],
  [{ at: /token-is-set/, status: 200 }, /token-is-set, no session: .*status 200, not 401/],
  [
    { at: /health/, header: ['cache-control', () => 'max-age=60'] },
    /health: .*cache-control is "max-age=60", not "no-store"/,
  ],
  [
    { at: /health/, status: 500, body: [/"stateChecksum":"\w+"/g, '"stateChecksum":"No checksum string"'] },
    /health: .*status 500, not 200: there is no state/,
  ],
  [
    { body: [/<\/body>/g, '<script>1</script></body>'] },
    /units, no session: the page of token_missing: the page has a script/,
  ],
  [
    { body: [/foreign_origin/g, 'token_missing'] },
    /logout, another site: the problem document of foreign_origin: code is "token_missing"/,
  ],
  [
    { header: ['access-control-allow-origin', () => '*'] },
    /CORS, a preflight from an unlisted origin: .*access-control-allow-origin is "\*", not missing/,
  ],
  [
    { header: ['access-control-allow-origin', removed] },
    /CORS, a request from a listed origin: .*access-control-allow-origin is missing/,
    { cors: editor },
  ],
  [
    { header: ['set-cookie', (cookie) => cookie.replace('; HttpOnly', '')] },
    /org-login: a login starts: imsg-login-[\w-]{8} lacks httponly/,
    demo,
  ],
  [
    { header: ['set-cookie', removed] },
    /org-login: a login starts: whether a cookie is set.* is false, not true/,
    demo,
  ],
  [
    { header: ['www-authenticate', removed] },
    /token-is-set, no session: the key of token_missing: www-authenticate is missing/,
  ],
  [
    {
      header: ['location', (to) => to.replace(encodeURIComponent(url), 'https%3A%2F%2Felsewhere.example')],
    },
    /org-login: a login starts: the callback URL is "https:\/\/elsewhere/,
    demo,
  ],
  [
    { at: /imid_token/, header: ['set-cookie', () => 'imidToken=smoke'] },
    /callback, a login that was not started here: .*a cookie is set: imidToken/,
  ],
  [{ at: /logout/, header: ['set-cookie', removed] }, /logout, no session: .*no cookie is cleared/],
  [{}, /^org-login: .*: status 403, not 302: is this organisation known\?/m, { org: 'nobody' }],
]

/** The problems that the smoke test finds with these changes. */
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

  it('passes for a working gateway, without credentials', async () =>
    deepEqual(await problemsWith({}, { ...demo, cors: editor }), []))

  each(
    'reports each broken response',
    rows,
  )(async ([change, problem, options]) => match((await problemsWith(change, options)).join('\n'), problem))

  it('prints a line for each check, and exits with 1 after a failure', async () => {
    broken = {}
    const healthy = await cli(url, '--org', 'demo')
    equal(healthy.status, 0, healthy.stdout)
    match(healthy.stdout, /^ok {3}200 health: /)
    match(healthy.stdout, /\n(\d+) of \1 responses of http:\/\/localhost:\d+ are as documented\.\n$/)

    broken = { status: 503 }
    const failing = await cli(url)
    equal(failing.status, 1)
    match(failing.stdout, /^FAIL 503 health: .*\n {9}status 503\n/)
    equal((await cli('gateway')).status, 2)
    const unreachable = await cli('http://localhost:1')
    equal(unreachable.status, 1)
    match(unreachable.stdout, /^FAIL --- health: .*\n {9}no answer: /)
  })
})
