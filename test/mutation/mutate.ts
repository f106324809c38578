import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { excuses } from './excuses.ts'

/**
 * `npm run mutate` breaks every clause of the sources, one at a time, and looks for a test that notices. `--
 * since <commit>` does so for the lines that are new since then, `-- lib/session/units.ts` for a file.
 * Results are kept in `.local/`, and what did not change is not tried again.
 */

const root = join(import.meta.dirname, '..', '..')
const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' })

/** The new lines of the sources since `commit`, in Stryker's form: `lib/session/units.ts:10-12`. */
const changedSince = (commit: string): string[] => {
  const diff = git('diff', '-U0', '-M', '--diff-filter=d', commit, '--', 'lib/*.ts', 'functions/*/handler.ts')
  let file = ''
  return diff.split('\n').flatMap((line) => {
    file = /^\+\+\+ b\/(.+)$/.exec(line)?.[1] ?? file
    const [, first, count = '1'] = /^@@ \S+ \+(\d+)(?:,(\d+))? @@/.exec(line) ?? []
    return first === undefined || count === '0'
      ? []
      : [`${file}:${first}-${Number(first) + Number(count) - 1}`]
  })
}

const mutation = import.meta.dirname

/** Stryker is in a folder of its own, which is filled when it is first used. */
const installed = (): void => {
  if (existsSync(join(mutation, 'node_modules/@stryker-mutator/core'))) return
  console.log('Installing Stryker in test/mutation ...')
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--prefix', mutation], { stdio: 'inherit' })
}

type Mutant = Readonly<{
  mutatorName: string
  status: string
  replacement?: string
  location: Readonly<{ start: Readonly<{ line: number }> }>
}>
type Report = Readonly<{
  files: Readonly<Record<string, Readonly<{ source: string; mutants: readonly Mutant[] }>>>
}>

/** The percentage of mutants that may survive without an excuse. */
const maxSurvivors = 5

/** The findings of a run: survivors without an excuse, and excuses for killed mutants or missing lines. */
const leftToDo = ({ files }: Report): string[] =>
  Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split('\n').map((line) => line.trim())
    const excused = excuses[file] ?? []
    const gone = excused.filter(([code]) => !lines.some((line) => line.startsWith(code)))
    const judged = mutants.flatMap(({ mutatorName, status, replacement = '', location: { start } }) => {
      const line = lines[start.line - 1] ?? ''
      const isExcused = excused.some(
        ([code, mutators, , to = replacement]) =>
          line.startsWith(code) && mutators.split(' ').includes(mutatorName) && to === replacement,
      )
      const where = `${file}:${start.line} ${mutatorName} ${replacement.slice(0, 60)}`
      if (status === 'Survived' || status === 'NoCoverage') return isExcused ? [] : [`survived: ${where}`]
      return status === 'Killed' && isExcused ? [`excused, and found by a test: ${where}`] : []
    })
    return [...gone.map(([code]) => `excused, and not there: ${file} ${code}`), ...judged]
  })

/** Seconds after which a run is stopped; none by default. `.ci/run` gives it ten minutes. */
const { MUTATE_SECONDS } = process.env

const reportFile = join(root, '.local/mutation.json')

/** Mutates these files or lines, or everything. */
const run = (sources: readonly string[]): void => {
  installed()
  rmSync(reportFile, { force: true })
  const stryker = join(mutation, 'node_modules/@stryker-mutator/core/bin/stryker.js')
  const config = join(mutation, 'stryker.config.json')
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compile'), ...process.env }
  // A group of its own: Stryker leaves its workers running when it is stopped.
  const only = sources.length > 0 ? ['--mutate', sources.join()] : []
  const child = spawn(process.execPath, [stryker, 'run', config, '--incremental', ...only], {
    cwd: root,
    env,
    stdio: 'inherit',
    detached: true,
  })
  const end = () => process.kill(-(child.pid ?? 0), 'SIGTERM')
  let isStopped = false
  const stop = () => {
    isStopped = true
    end()
  }
  const timer = MUTATE_SECONDS && setTimeout(stop, Number(MUTATE_SECONDS) * 1000)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)
  child.once('exit', (code) => {
    if (timer) clearTimeout(timer)
    process.exitCode = code ?? 1
    if (isStopped) {
      console.log(
        `Stopped after ${MUTATE_SECONDS} s: not every mutant was tried. Run it again to go on from here.`,
      )
      process.exitCode = 0
      return
    }
    // Lines that hold no mutant (comments, types) leave no report.
    const report: Report = existsSync(reportFile)
      ? JSON.parse(readFileSync(reportFile, 'utf8'))
      : { files: {} }
    const left = leftToDo(report)
    for (const line of left) console.log(line)
    const tried = Object.values(report.files).reduce((sum, { mutants }) => sum + mutants.length, 0)
    const survivors = left.filter((line) => line.startsWith('survived'))
    if (left.length > survivors.length || survivors.length * 100 > tried * maxSurvivors) process.exitCode = 1
  })
}

/** A file that is mutated, whole or some lines of it: `lib/session/units.ts:10-12`. */
const isSource = (word: string): boolean => {
  const file = word.replace(/:\d+(-\d+)?$/, '')
  return /^(lib|functions)\/.*\.ts$/.test(file) && existsSync(join(root, file))
}

const words = process.argv.slice(2)
const isSince = words[0] === 'since'
const sources = isSince ? changedSince(words[1] ?? 'HEAD~1') : words
const strange = isSince ? [] : words.filter((word) => !isSource(word))
if (strange.length > 0) {
  console.error(
    `Unknown: ${strange.join(', ')}. Usage: npm run mutate -- [since [commit] | lib/session/units.ts ...]`,
  )
  process.exitCode = 2
} else if (isSince && sources.length === 0) {
  console.log('Nothing to mutate: no line of lib/ or a handler is new.')
} else {
  if (sources.length === 0)
    console.log('Mutating everything takes about an hour on two cores, less after a finished run.')
  run(sources)
}
