import { execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'

/**
 * `npm run mutate` breaks every clause of the sources, one at a time, and looks for a test that notices. `-- since <commit>` does so for
 * the lines that are new since then, `-- lib/units.ts` for a file. Results are kept in `.local/`, and what did not change is not tried again.
 */

const root = join(import.meta.dirname, '..', '..')
const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' })

/** The lines of the sources that are new since `commit`, as Stryker wants them: `lib/units.ts:10-12`. */
const changedSince = (commit: string): string[] => {
  const diff = git('diff', '-U0', '--diff-filter=d', commit, '--', 'lib/*.ts', 'functions/*/handler.ts')
  let file = ''
  return diff.split('\n').flatMap((line) => {
    file = /^\+\+\+ b\/(.+)$/.exec(line)?.[1] ?? file
    const [, first, count = '1'] = /^@@ \S+ \+(\d+)(?:,(\d+))? @@/.exec(line) ?? []
    return first === undefined || count === '0'
      ? []
      : [`${file}:${first}-${Number(first) + Number(count) - 1}`]
  })
}

const run = (args: readonly string[]): void => {
  const stryker = join(import.meta.dirname, 'node_modules/@stryker-mutator/core/bin/stryker.js')
  const config = join(import.meta.dirname, 'stryker.config.json')
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compile'), ...process.env }
  spawn(process.execPath, [stryker, 'run', config, '--incremental', ...args], {
    cwd: root,
    env,
    stdio: 'inherit',
  }).once('exit', (code) => {
    process.exitCode = code ?? 1
  })
}

const [command, commit = 'HEAD~1'] = process.argv.slice(2)
if (command === undefined) {
  console.log('Everything: about 45 minutes on two cores, less when a run was finished before.')
  run([])
} else if (command === 'since') {
  const lines = changedSince(commit)
  if (lines.length === 0)
    console.log(`No line of lib/ or a handler is new since ${commit}: nothing to mutate.`)
  else run(['--mutate', lines.join(',')])
} else if (command.startsWith('lib/') || command.startsWith('functions/')) {
  run(['--mutate', process.argv.slice(2).join(',')])
} else {
  console.error(`I do not know ${command}: nothing, since [commit], or files such as lib/units.ts.`)
  process.exitCode = 2
}
