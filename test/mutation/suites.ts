import { AsyncLocalStorage } from 'node:async_hooks'
import { mock } from 'node:test'

/**
 * Replaces `node:test` in the process that runs mutants, so that tests can run again and one by one. Has only
 * what the suites use. Importing a test file again registers its tests again.
 */

type Hook = () => unknown
type Context = Readonly<{ mock: typeof mock; after: (work: Hook) => void }>
type Work = (context: Context) => unknown

type Test = Readonly<{ id: string; work: Work }>
type Suite = Readonly<{
  id: string
  entries: (Test | Suite)[]
  hooks: Record<'before' | 'after' | 'beforeEach' | 'afterEach', Hook[]>
}>

const suite = (id: string): Suite => ({
  id,
  entries: [],
  hooks: { before: [], after: [], beforeEach: [], afterEach: [] },
})

/** The file that is being imported. `top`: its tests outside every `describe`. */
type File = Readonly<{ top: Suite; ids: Map<string, number>; registering: unknown[] }>
const fileNamed = (name: string): File => ({ top: suite(name), ids: new Map(), registering: [] })
let file = fileNamed('')
const around = new AsyncLocalStorage<Suite>()
const here = (): Suite => around.getStore() ?? file.top

/** Options such as a time limit are ignored: each test has the limit below. Repeated names are numbered. */
export const it = (name: string, ...rest: [Work] | [options: object, Work]): void => {
  const id = `${here().id} > ${name}`
  const times = (file.ids.get(id) ?? 0) + 1
  file.ids.set(id, times)
  here().entries.push({
    id: times === 1 ? id : `${id} #${times}`,
    work: rest.length === 2 ? rest[1] : rest[0],
  })
}
export const describe = (name: string, work: () => unknown): void => {
  const inner = suite(`${here().id} > ${name}`)
  here().entries.push(inner)
  file.registering.push(around.run(inner, work))
}
const hook = (kind: keyof Suite['hooks']) => (work: Hook) => {
  here().hooks[kind].push(work)
}
export const before = hook('before')
export const after = hook('after')
export const beforeEach = hook('beforeEach')
export const afterEach = hook('afterEach')
export { mock }

/** The result of one test. `id`: the names of its file, its suites and itself. */
export type TestResult = Readonly<{ id: string; ms: number; error?: unknown }>

export type Listener = Readonly<{
  /** Whether to run a test. */
  wants: (id: string) => boolean
  /** Called before a test, or before the set-up of a file, with its name. */
  starts: (id: string) => void
  /** Called after a test. Returns whether to go on. */
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

/** Runs a test or set-up. Stops the file when it fails or the listener does not go on. */
const step = async (id: string, work: () => unknown, on: Listener): Promise<void> => {
  on.starts(id)
  const began = performance.now()
  const outcome = await within(work).then(
    () => ({}),
    (error: unknown) => ({ error: error ?? new Error('threw nothing') }),
  )
  const goesOn = on.ended({ id, ms: performance.now() - began, ...outcome })
  if ('error' in outcome || !goesOn) throw new Stopped()
}

/** The same for a hook, which is reported only when it fails. */
const setUp = (name: string, hook: Hook, on: Listener): Promise<void> =>
  step(name, hook, { ...on, ended: (outcome) => outcome.error === undefined || on.ended(outcome) })

const runTest = async ({ work }: Test, outer: readonly Suite[]): Promise<void> => {
  const afters: Hook[] = []
  const context: Context = {
    get mock() {
      afters.push(() => mock.restoreAll())
      return mock
    },
    after: (work) => afters.push(work),
  }
  for (const { hooks } of outer) for (const hook of hooks.beforeEach) await hook()
  try {
    await work(context)
  } finally {
    for (const hook of afters) await hook()
  }
  for (const { hooks } of outer) for (const hook of hooks.afterEach) await hook()
}

const runSuite = async (entry: Suite, outer: readonly Suite[], name: string, on: Listener): Promise<void> => {
  const isWanted = (one: Test | Suite): boolean =>
    'entries' in one ? one.entries.some(isWanted) : on.wants(one.id)
  const chain = [...outer, entry]
  try {
    for (const hook of entry.hooks.before) await setUp(name, hook, on)
    for (const inner of entry.entries.filter(isWanted))
      if ('entries' in inner) await runSuite(inner, chain, name, on)
      else await step(inner.id, () => runTest(inner, chain), on)
  } finally {
    for (const hook of entry.hooks.after) await setUp(name, hook, on)
  }
}

/** Imports the test file at `url` again and runs the wanted tests. `name`: its name in ids. */
export const runFile = async (name: string, url: string, on: Listener): Promise<void> => {
  const env = { ...process.env }
  file = fileNamed(name)
  const { top, registering } = file
  try {
    const registers = async () => {
      await import(url)
      for (const one of registering) await one
    }
    await step(name, registers, on)
    await runSuite(top, [], name, on)
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
  } finally {
    mock.timers.reset()
    mock.reset()
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
    Object.assign(process.env, env)
  }
}
