import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

/** The suites that need Node alone, with a compile cache: seventy processes load the same SDK, and only the first one compiles it. */

const suites: Readonly<Record<string, readonly string[]>> = {
  /** What `npm test` runs. */
  quick: [
    'test/!(organisation-growth).test.ts',
    'test/attacks/!(captured-key-set|unknown-kid-storm).test.ts',
    'test/properties/*.test.ts',
    'test/infra/!(app).test.ts',
    'test/local/!(start|sam).test.ts',
  ],
  /** Faults, concurrent writers, large organisations, attacks that take patience, and whole programs as a person starts them. */
  slow: [
    'test/organisation-growth.test.ts',
    'test/attacks/{captured-key-set,unknown-kid-storm}.test.ts',
    'test/faults/*.test.ts',
    'test/infra/app.test.ts',
    'test/local/{start,sam}.test.ts',
  ],
}

const [name = 'quick', ...files] = process.argv.slice(2)
const suite = suites[name]
if (suite === undefined) throw new TypeError(`There is no suite ${name}: ${Object.keys(suites).join(', ')}.`)

const root = join(import.meta.dirname, '..')
const env = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'), ...process.env }
const run = spawn(
  process.execPath,
  [
    '--test',
    `--test-concurrency=${availableParallelism()}`,
    '--test-reporter=./test/support/failures.ts',
    ...(files.length > 0 ? files : suite),
  ],
  { cwd: root, env, stdio: 'inherit' },
)
run.once('exit', (code) => {
  process.exitCode = code ?? 1
})
