import crypto from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes, syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { configureGlobal } from 'fast-check'
import type { TestResult } from './suites.ts'

/**
 * A test runner for Stryker (https://stryker-mutator.io/docs/stryker-js/guides/create-a-plugin/) that keeps
 * the sources loaded and runs the tests of `node:test` in the same process, one by one, so that a mutant
 * costs the tests that reach it.
 *
 * Stryker's own runners, version 10.0.0, on the 13 mutants of `lib/session/seal.ts` and four files of tests,
 * in seconds of processor time: this one 7, `tap-runner` 23 with the same verdicts, because it starts a
 * process for each file of tests and mutant. `vitest-runner` 19: it needs every import of `node:test`
 * replaced, ran none of the tests that cover a mutant, and found none.
 */

/** The suites that run on mutants. */
const testFiles = ['test/*.test.ts', 'test/{attacks,properties}/*.test.ts', 'test/infra/settings.test.ts']

/** Except those that start whole programs, and tests of tooling and documents. */
const leftOut = [
  'test/{bundles,client,cost,docs,end-to-end,openapi,polling-client}.test.ts',
  'test/{structure,supply-chain}.test.ts',
]

type Coverage = { static: Record<string, number>; perTest: Record<string, Record<string, number>> }
/** What instrumented sources read and write, as the global `__stryker__`. */
type Instruments = {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  mutantCoverage?: Coverage
  hitCount?: number | undefined
  hitLimit?: number | undefined
}

type MutantRun = {
  activeMutant: { id: string; fileName: string }
  testFilter?: string[]
  hitLimit?: number
  mutantActivation: 'runtime' | 'static'
}

const instruments: Instruments = {}

/** An uncaught error, which counts as a failure of the current test. */
let stray: { error: unknown } | undefined

/** The RSA keys in the order of their creation, and how many the current test file has used. */
const made: Promise<unknown>[] = []
let taken = 0

/** Creating RSA keys takes half the time of a test file, so all files share them, each key once per file. */
const keysAreMadeOnce = (): void => {
  const make = promisify(crypto.generateKeyPair) as (kind: string, options: object) => Promise<unknown>
  const give = (kind: string, options: { modulusLength?: number }): Promise<unknown> => {
    if (kind !== 'rsa' || options.modulusLength !== 2048) return make(kind, options)
    made[taken] ??= make(kind, options)
    return made[taken++] ?? make(kind, options)
  }
  Object.defineProperty(crypto.generateKeyPair, promisify.custom, { value: give })
  syncBuiltinESMExports()
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** How many mutants of a source each test file has found. The file with the most runs first. */
const finds = new Map<string, Map<string, number>>()
const durations = new Map<string, number>()

/** Test files to run first for sources that are tested under another name. */
const testedBy: Readonly<Record<string, readonly string[]>> = {
  'token-is-set': ['authenticate'],
  dependencies: ['invoke-refresh', 'table'],
  repositories: ['subject', 'large-item'],
  'planted-cookie': ['session-cookies'],
  'bad-bearer': ['messages'],
  login: ['login-url', 'organisation-name'],
  pages: ['en', 'sv', 'page', 'texts'],
  errors: ['endpoint', 'problem', 'error-response'],
}

/** `MUTANT_FILES` limits the test files per mutant: faster, with some false survivors. */
const mostFiles = Number(process.env.MUTANT_FILES ?? Number.POSITIVE_INFINITY)

const inOrder = (source: string, files: readonly string[]): string[] => {
  const found = finds.get(source)
  const noun = /([^/]+?)(\/handler)?\.ts$/.exec(source)?.[1] ?? source
  const [likely = noun] = Object.entries(testedBy).find(([, nouns]) => nouns.includes(noun)) ?? []
  const rank = (file: string) =>
    (found?.get(file) ?? 0) + (file.includes(likely) ? 1 : 0) + (file.includes(noun) ? 0.5 : 0)
  return [...files]
    .sort((a, b) => rank(b) - rank(a) || (durations.get(a) ?? 0) - (durations.get(b) ?? 0))
    .slice(0, mostFiles)
}

class Runner {
  #files: string[] = []
  #loaded = false
  #run = 0

  capabilities() {
    return { reloadEnvironment: false }
  }

  async init() {
    const suites = new URL('./suites.ts', import.meta.url).href
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === 'node:test' && context.parentURL !== suites
          ? { url: suites, shortCircuit: true }
          : next(specifier, context),
      load: (url, context, next) => {
        const [file = url, run] = url.split('?run=')
        if (run === undefined) return next(url, context)
        // Frames name the file without the number of its run.
        const source = stripTypeScriptTypes(readFileSync(fileURLToPath(file), 'utf8'), { sourceUrl: file })
        return { format: 'module', source, shortCircuit: true }
      },
    })
    keysAreMadeOnce()
    // The same few inputs for every mutant.
    configureGlobal({ seed: 20_261_124, numRuns: 25 })
    for (const event of ['uncaughtException', 'unhandledRejection'] as const)
      process.on(event, (error) => {
        stray = { error }
      })
    Object.assign(globalThis, { __stryker__: instruments })
    this.#files = globSync(testFiles, { exclude: leftOut }).sort()
  }

  /** Loads every source before any test. Stryker calls mutants in the code that runs now static. */
  async #load() {
    if (this.#loaded) return
    this.#loaded = true
    for (const file of globSync(['lib/**/*.ts', 'functions/*/{handler,index}.ts']).sort())
      await import(pathToFileURL(join(process.cwd(), file)).href)
  }

  async #runFile(
    file: string,
    wants: (id: string) => boolean,
    ended: (outcome: TestResult) => boolean,
  ): Promise<void> {
    const { runFile } = await import('./suites.ts')
    taken = 0
    await runFile(file, `${pathToFileURL(join(process.cwd(), file)).href}?run=${++this.#run}`, {
      wants,
      starts: (id) => {
        instruments.currentTestId = id
      },
      ended: (outcome) => {
        const error = stray?.error ?? outcome.error
        stray = undefined
        return ended(error === undefined ? outcome : { ...outcome, error })
      },
    })
    instruments.currentTestId = undefined
  }

  async dryRun() {
    await this.#load()
    const tests: Record<string, unknown>[] = []
    for (const file of this.#files) {
      const began = performance.now()
      await this.#runFile(
        file,
        () => true,
        ({ id, ms, error }) => {
          const result = { id, name: id, fileName: file, timeSpentMs: ms }
          tests.push(
            error === undefined
              ? { ...result, status: 0 }
              : { ...result, status: 1, failureMessage: words(error) },
          )
          return true
        },
      )
      durations.set(file, performance.now() - began)
    }
    return { status: 'complete', tests, mutantCoverage: instruments.mutantCoverage }
  }

  /**
   * Runs the tests that reached a mutant until one fails. If none does, runs all tests of their files: code
   * that runs when an instance starts counts as reached only by the first test that uses the instance.
   */
  async #hunt(
    source: string,
    reached: ReadonlySet<string> | undefined,
  ): Promise<{ killer?: TestResult; nrOfTests: number }> {
    const files = this.#files.filter(
      (file) => !reached || [...reached].some((id) => id === file || id.startsWith(`${file} > `)),
    )
    let nrOfTests = 0
    let killer: TestResult | undefined
    const all = () => true
    for (const wants of reached ? [(id: string) => reached.has(id), all] : [all])
      for (const file of inOrder(source, files)) {
        const began = performance.now()
        await this.#runFile(file, wants, (outcome) => {
          nrOfTests++
          if (outcome.error !== undefined) killer ??= outcome
          return killer === undefined
        })
        if (killer === undefined) {
          durations.set(file, performance.now() - began)
          continue
        }
        const found = finds.get(source) ?? new Map<string, number>()
        finds.set(source, found.set(file, (found.get(file) ?? 0) + 1))
        return { killer, nrOfTests }
      }
    return { nrOfTests }
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }: MutantRun) {
    instruments.hitCount = hitLimit === undefined ? undefined : 0
    instruments.hitLimit = hitLimit
    if (mutantActivation === 'static') instruments.activeMutant = activeMutant.id
    await this.#load()
    instruments.activeMutant = activeMutant.id

    const { killer, nrOfTests } = await this.#hunt(activeMutant.fileName, testFilter && new Set(testFilter))
    instruments.activeMutant = undefined
    if (instruments.hitCount !== undefined && instruments.hitCount > (hitLimit ?? 0))
      return { status: 'timeout', reason: `Hit limit reached (${instruments.hitCount}/${hitLimit})` }
    return killer === undefined
      ? { status: 'survived', nrOfTests }
      : { status: 'killed', killedBy: [killer.id], failureMessage: words(killer.error), nrOfTests }
  }
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'in-process', injectableClass: Runner }]
