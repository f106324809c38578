import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { type Stack, startStack } from '../local/stack.ts'
import { commands, root } from './support/documents.ts'
import { each } from './support/each.ts'
import { standInAt } from './support/services.ts'
import { person, send, visitor } from './support/visitor.ts'

/** The deployable bundles over HTTP, behind the routes of the synthesised template. */

let stack: Stack
let base = ''
let control: ReturnType<typeof standInAt>['control']
before(async () => {
  stack = await startStack({ port: 0, idpPort: 0, refreshEvery: 3600 })
  base = `${stack.url}/imsg-service/v1`
  control = standInAt(stack.identityUrl).control
})
after(() => stack.close())

describe('a person at the gateway', () => {
  it('signs in, is recognised, chooses a unit and signs out for good', async () => {
    const { cookies, open } = visitor()
    const { trail } = await open(`${base}/org/demo/login?callback=%2Farticle%3Fid%3D1`)
    equal(trail.at(-1), `${stack.url}/article?id=1`)
    match(cookies.get('imidToken') ?? '', /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/)

    const editor = person(stack.url)
    ok(await editor.signIn())
    equal(await editor.poll(), 200)
    deepEqual(
      (await editor.units()).units.map(({ name }) => name),
      ['north', 'south'],
    )
    deepEqual([await editor.choose('south'), await editor.choose('west')], [200, 403])
    equal((await editor.units()).preferred, 'south')

    const cookie = `imidToken=${editor.cookies.get('imidToken')}`
    equal(await editor.signOut(), 200)
    equal(editor.cookies.has('imidToken'), false)
    stack.restart('token-is-set')
    const { status, body } = await send(`${base}/token-is-set`, { headers: { cookie } })
    deepEqual([status, body], [401, '"errors.auth.MissingToken"'])
  })

  it('may ask for health by HEAD, as a monitor does', async () => {
    const [get, head] = await Promise.all(['GET', 'HEAD'].map((method) => send(`${base}/health`, { method })))
    const said = (headers: object = {}) =>
      // A length goes with a body: RFC 9110 section 8.6.
      Object.entries(headers).filter(
        ([name]) => !['date', 'apigw-requestid', 'content-length'].includes(name),
      )
    deepEqual([head?.status, head?.body, said(head?.headers)], [200, '', said(get?.headers)])
    equal((await send(`${base}/token-is-set`, { method: 'HEAD' })).status, 404)
  })

  it('goes on while the identity service is down, and health says so', async () => {
    const editor = person(stack.url)
    await editor.signIn()
    const health = async () => JSON.parse((await send(`${base}/health`)).body)
    const before = await health()
    equal(before.inGrace, false)

    await control({ do: 'down' })
    await stack.invoke('refresh-state')
    deepEqual(await health(), { ...before, inGrace: true })
    stack.restart()
    equal(await editor.poll(), 200)
    equal((await editor.units()).units.length, 2)
    await control({ do: 'up' })
    await stack.invoke('refresh-state')
    deepEqual(await health(), before)
  })

  it('is known at once by a key that was made a moment ago, and the identity service is asked once', async () => {
    await control({ do: 'rotate' })
    await control({ do: 'count', reset: true })
    const { token } = await control({ do: 'issue', claims: {} })
    const headers = { authorization: `Bearer ${token}` }
    const polls = await Promise.all(
      Array.from({ length: 8 }, () => send(`${base}/token-is-set`, { headers })),
    )
    deepEqual(new Set(polls.map(({ status }) => status)), new Set([200]))
    deepEqual((await control({ do: 'count' })).requests, { '/v1/jwks': 1 })
  })

  it('is sent from 127.0.0.1 to localhost before the login begins, and ends there', async () => {
    const { open } = visitor()
    const { trail } = await open(`${base.replace('localhost', '127.0.0.1')}/login?org=demo&callback=/x`)
    deepEqual([trail[1]?.startsWith(base), trail.at(-1)], [true, `${stack.url}/x`])
  })

  each('meets 404 beside the routes, also with another method', [
    ['GET', '/imsg-service/v1/nowhere'],
    ['GET', '/imsg-service/v1/units/'],
    ['GET', '/imsg-service/v1/UNITS'],
    ['GET', '/imsg-service/v1/org//login'],
    ['GET', '/imsg-service/v1/unit'],
    ['POST', '/imsg-service/v1/units'],
    ['GET', '//imsg-service/v1/units'],
    ['POST', '/'],
  ])(async ([method, path]) => {
    const { status, body } = await send(stack.url + path, { method })
    deepEqual([status, body], [404, '"errors.api.NotFound"'])
  })

  it('can look at the demo service, which knows them by the shared cookie', async () => {
    const { ask, open } = visitor()
    equal((await ask(`${stack.url}/whoami`)).status, 401)
    const page = await open(`${base}/org/demo/login?callback=/`)
    deepEqual([page.status, page.headers['content-type']], [200, 'text/html; charset=utf-8'])
    equal(JSON.parse((await ask(`${stack.url}/whoami`)).body).org, 'demo')
  })
})

describe('the commands of a document', () => {
  const folder = mkdtempSync(join(tmpdir(), 'imsg-docs-'))
  before(async () => {
    await control({ do: 'reset' })
    await stack.invoke('refresh-state')
    // What a command writes lands beside the sources, not among them.
    for (const name of readdirSync(root)) symlinkSync(join(root, name), join(folder, name))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const [file, text] of Object.entries(commands()))
    it(`do what is said of them: ${file}`, { timeout: 20_000 }, async () => {
      // In one pass: a port that was put in may begin with 4000.
      const script = text.replaceAll(/http:\/\/localhost:(3000|4000)\b/g, (_, port) =>
        port === '3000' ? stack.url : (stack.identityUrl ?? ''),
      )
      const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: folder,
      })
      // JSON or a status in the comment of a line is what the line answers.
      const said = script.matchAll(/\s# ("[^"]+"(?::\w+|:"[^"]*")?|\{.*\}|\d{3}\b)/g)
      let from = 0
      for (const [, expected = ''] of said) {
        const at = stdout.indexOf(expected, from)
        ok(at >= 0, `${expected} is not in:\n${stdout.slice(from)}`)
        from = at + expected.length
      }
    })
})
