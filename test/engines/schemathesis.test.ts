import { deepEqual, equal } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import document from '../../docs/openapi.json' with { type: 'json' }
import { prefix } from '../../lib/routes.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { root } from '../../local/synthesis.ts'
import { engine } from './python.ts'

/** Checks `docs/openapi.json` against the local stack with requests by schemathesis. */

const bin = engine('schemathesis')
const folder = mkdtempSync(join(tmpdir(), 'imsg-schemathesis-'))
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

/** Counts of answers, written by `schemathesis_hooks.py`: `GET /health 200`. */
const answered = join(folder, 'answered.json')

/** Runs schemathesis on the whole document. */
const run = async ({ url, identityUrl = '' }: Stack, options: string[], env: object = {}) => {
  const file = join(root, 'docs', 'openapi.json')
  const config = join(import.meta.dirname, 'schemathesis.toml')
  const program = spawn(
    join(bin ?? '', 'schemathesis'),
    ['--config-file', config, 'run', file, '--url', url + prefix, ...options],
    {
      cwd: folder,
      env: { ...process.env, IDENTITY: identityUrl, ORIGIN: url, ANSWERED: answered, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const ends = once(program, 'close')
  const said = await text(program.stdout)
  await ends
  return { status: program.exitCode, said: said.replace(/(.{500}).*/g, '$1 ...') }
}

const hooks = {
  SCHEMATHESIS_HOOKS: 'schemathesis_hooks',
  PYTHONPATH: import.meta.dirname,
  PYTHONDONTWRITEBYTECODE: '1',
}

/** Every success of the document: method, path and status. */
const successes = Object.entries(document.paths).flatMap(([path, operations]) =>
  Object.entries(operations).flatMap(([method, { responses }]) =>
    Object.keys(responses)
      .filter((status) => /^[23]/.test(status))
      .map((status) => `${method.toUpperCase()} ${path} ${status}`),
  ),
)

if (bin)
  describe('Schemathesis, with docs/openapi.json and the local stack', () => {
    let stack: Stack
    before(async () => {
      stack = await startStack({ port: 0, idpPort: 0, refreshEvery: 3600 })
    })
    after(() => stack.close())

    it('finds no undeclared status, header, type or shape', async () => {
      const options = [
        '--phases',
        'coverage,fuzzing',
        '--max-examples',
        '100',
        '--exclude-checks',
        'ignored_auth',
      ]
      const { status, said } = await run(stack, options, hooks)
      equal(status, 0, said)
      console.log(said.trim().split('\n').at(-1))
    })

    it('gets every success response that the document declares', () => {
      const counts: Record<string, number> = JSON.parse(readFileSync(answered, 'utf8'))
      deepEqual(
        successes.filter((success) => !counts[success]),
        [],
      )
    })

    it('finds no route that ignores a missing session where the document requires one', async () => {
      const { status, said } = await run(stack, ['--checks', 'ignored_auth', '--max-examples', '20'])
      equal(status, 0, said)
    })
  })
