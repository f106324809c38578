import { AsyncLocalStorage } from 'node:async_hooks'
import { mock } from 'node:test'

/**
 * The part of `node:test` that the suites use, with tests that can be run again and one by one: it stands in for `node:test` in the
 * process that runs mutants. A file of tests that is imported anew registers anew.
 */

type Hook = () => unknown
type Context = Readonly<{
  name: string
  mock: typeof mock
  after: (work: Hook) => void
  diagnostic: (text: string) => void
}>
type Work = (context: Context) => unknown

type Test = { kind: 'test'; name: string; work: Work }
type Suite = {
  kind: 'suite'
  name: string
  entries: (Test | Suite)[]
  hooks: Record<'before' | 'after' | 'beforeEach' | 'afterEach', Hook[]>
  /** Settles when an asynchronous `describe` has registered everything. */
  ready: unknown
}

const suite = (name: string): Suite => ({
  kind: 'suite',
  name,
  entries: [],
  hooks: { before: [], after: [], beforeEach: [], afterEach: [] },
  ready: undefined,
})

const around = new AsyncLocalStorage<Suite>()
/** The file that is being imported: what stands outside every `describe` belongs to it. */
let root = suite('')
const here = (): Suite => around.getStore() ?? root

/** Options, such as a time limit, mean nothing here: each test has the limit below. */
export const it = (name: string, ...rest: [Work] | [options: object, Work]): void => {
  here().entries.push({ kind: 'test', name, work: rest.length === 2 ? rest[1] : rest[0] })
}
export const test = it
export const describe = (name: string, work: () => unknown): void => {
  const inner = suite(name)
  here().entries.push(inner)
  inner.ready = around.run(inner, work)
}
const hook = (kind: keyof Suite['hooks']) => (work: Hook) => {
  here().hooks[kind].push(work)
}
export const before = hook('before')
export const after = hook('after')
export const beforeEach = hook('beforeEach')
export const afterEach = hook('afterEach')
export { mock }

/** How one test went. `id`: the file, then the names of its suites, then its own. */
export type TestResult = Readonly<{ id: string; ms: number; error?: unknown }>

export type Listener = Readonly<{
  /** Whether a test is wanted. */
  wants: (id: string) => boolean
  /** What is about to run: a test, or the set-up of the file, which has the file's name. */
  starts: (id: string) => void
  /** Says whether to go on. */
  ended: (outcome: TestResult) => boolean
}>

class Stopped extends Error {}

/** A promise that never settles is a failure, not the end of the run. */
const limit = 15_000
const within = async (work: () => unknown): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${limit} ms`)), limit)
  })
  try {
    await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Every test of a suite with its id. Names that stand twice are numbered. */
const idsOf = (file: string, top: Suite): ReadonlyMap<Test, string> => {
  const ids = new Map<Test, string>()
  const seen = new Map<string, number>()
  const walk = (at: string, { entries }: Suite) => {
    for (const entry of entries) {
      const id = `${at} > ${entry.name}`
      if (entry.kind === 'suite') {
        walk(id, entry)
        continue
      }
      const times = (seen.get(id) ?? 0) + 1
      seen.set(id, times)
      ids.set(entry, times === 1 ? id : `${id} #${times}`)
    }
  }
  walk(file, top)
  return ids
}

const allReady = async (top: Suite): Promise<void> => {
  await top.ready
  for (const entry of top.entries) if (entry.kind === 'suite') await allReady(entry)
}

/** Imports a file of tests anew and runs those that are wanted. `file`: its name in ids; `url`: from where to import it. */
export const runFile = async (file: string, url: string, on: Listener): Promise<void> => {
  const env = { ...process.env }
  const top = suite(file)
  root = top
  let began = performance.now()
  const setUp = async (work: () => unknown): Promise<void> => {
    on.starts(file)
    began = performance.now()
    try {
      await within(work)
    } catch (error) {
      on.ended({ id: file, ms: performance.now() - began, error })
      throw new Stopped()
    }
  }

  try {
    await setUp(async () => {
      await import(url)
      await allReady(top)
    })
    if (!on.ended({ id: file, ms: performance.now() - began })) return
    const ids = idsOf(file, top)
    const wanted = (entry: Test | Suite): boolean =>
      entry.kind === 'suite' ? entry.entries.some(wanted) : on.wants(ids.get(entry) ?? '')

    const runTest = async (entry: Test, outer: readonly Suite[]): Promise<void> => {
      const id = ids.get(entry) ?? ''
      on.starts(id)
      const start = performance.now()
      const afters: Hook[] = []
      const context: Context = {
        name: entry.name,
        get mock() {
          afters.push(() => mock.restoreAll())
          return mock
        },
        after: (work) => afters.push(work),
        diagnostic: () => {},
      }
      const ended = (error?: unknown) =>
        on.ended({ id, ms: performance.now() - start, ...(error === undefined ? {} : { error }) })
      try {
        await within(async () => {
          for (const { hooks } of outer) for (const work of hooks.beforeEach) await work()
          try {
            await entry.work(context)
          } finally {
            for (const work of afters) await work()
          }
          for (const { hooks } of outer) for (const work of hooks.afterEach) await work()
        })
      } catch (error) {
        ended(error ?? new Error('threw nothing'))
        throw new Stopped()
      }
      if (!ended()) throw new Stopped()
    }

    const runSuite = async (entry: Suite, outer: readonly Suite[]): Promise<void> => {
      const chain = [...outer, entry]
      try {
        for (const work of entry.hooks.before) await setUp(work)
        for (const inner of entry.entries.filter(wanted))
          await (inner.kind === 'suite' ? runSuite(inner, chain) : runTest(inner, chain))
      } finally {
        for (const work of entry.hooks.after) await setUp(work)
      }
    }
    await runSuite(top, [])
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
  } finally {
    mock.timers.reset()
    mock.reset()
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
    Object.assign(process.env, env)
  }
}
