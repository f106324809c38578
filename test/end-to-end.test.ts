import { deepEqual, equal, ok } from 'node:assert/strict'
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
import { person, send } from './support/visitor.ts'

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

describe('the gateway over HTTP', () => {
  it('signs a person in, lists and sets units, and refuses the token after the logout', async () => {
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

  it('answers HEAD /health like GET, without a body', async () => {
    const [get, head] = await Promise.all(['GET', 'HEAD'].map((method) => send(`${base}/health`, { method })))
    equal(head?.headers['content-type'], get?.headers['content-type'])
    deepEqual([head?.status, head?.body], [200, ''])
    equal((await send(`${base}/token-is-set`, { method: 'HEAD' })).status, 404)
  })

  it('accepts a token signed with a new key, after one request for the key set', async () => {
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

  each('answers 404 for an unknown path or method', [
    ['GET', '/imsg-service/v1/nowhere'],
    ['GET', '/imsg-service/v1/units/'],
    ['GET', '/imsg-service/v1/org//login'],
    ['POST', '/imsg-service/v1/units'],
  ])(async ([method, path]) => {
    const { status, body } = await send(stack.url + path, { method })
    deepEqual([status, body], [404, '"errors.api.NotFound"'])
  })
})

describe('the commands in documents', () => {
  const folder = mkdtempSync(join(tmpdir(), 'imsg-docs-'))
  before(async () => {
    await control({ do: 'reset' })
    await stack.invoke('refresh-state')
    // Commands may write files, so they run in a folder of links to the sources.
    for (const name of readdirSync(root)) symlinkSync(join(root, name), join(folder, name))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const [file, text] of Object.entries(commands()))
    it(`answer what their comments say: ${file}`, { timeout: 20_000 }, async () => {
      // In one pass: the new port may begin with 4000.
      const script = text.replaceAll(/http:\/\/localhost:(3000|4000)\b/g, (_, port) =>
        port === '3000' ? stack.url : (stack.identityUrl ?? ''),
      )
      const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: folder,
      })
      // JSON or a status in the comment of a line is its expected output.
      const said = script.matchAll(/\s# ("[^"]+"(?::\w+|:"[^"]*")?|\{.*\}|\d{3}\b)/g)
      let from = 0
      for (const [, expected = ''] of said) {
        const at = stdout.indexOf(expected, from)
        ok(at >= 0, `${expected} is not in:\n${stdout.slice(from)}`)
        from = at + expected.length
      }
    })
})
