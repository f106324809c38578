import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { announce } from '../infra/terminal.ts'
import { type Suite, suites } from './suites.ts'

/** `npm test [-- <suite or file>...]`. The test processes share a compile cache, as all load the same SDK. */

const root = join(import.meta.dirname, '..')
const noColours = process.env.CI ? { NO_COLOR: '1' } : {}
const env = {
  ...noColours,
  NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'),
  ...process.env,
}

const words = process.argv.slice(2)
const names = words.filter((word) => Object.hasOwn(suites, word))
const options = words.filter((word) => word.startsWith('-'))
const files = words.filter((word) => word.endsWith('.test.ts'))

const succeeds = (program: string, ...args: string[]): boolean =>
  spawnSync(program, args, { cwd: root, env, stdio: 'inherit' }).status === 0

const installs = ([folder, ...flags]: NonNullable<Suite['install']>): boolean => {
  announce(`installing ${folder}`)
  return succeeds('npm', '--prefix', folder, ...flags, 'ci', '--no-audit', '--no-fund', '--silent')
}

const passes = ({ install, options: own = [], files: all }: Suite): boolean =>
  (install === undefined || installs(install)) &&
  succeeds(process.execPath, '--test', ...own, ...options, ...(files.length > 0 ? files : all))

if (names.length + options.length + files.length < words.length) {
  console.error('npm test -- [suite, test file or option of node]... Suites, and what each needs:\n')
  for (const [name, { about }] of Object.entries(suites)) console.error(`${name.padEnd(18)}${about}`)
  process.exitCode = words[0] === 'list' ? 0 : 2
} else {
  const asked = names.length > 0 ? names : ['quick']
  const passed = asked.every((name) => {
    const suite = suites[name]
    return suite !== undefined && passes(suite)
  })
  process.exitCode = passed ? 0 : 1
}
