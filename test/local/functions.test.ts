import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Instance } from '../../local/instances.ts'
import { runOnce } from '../../local/schedules.ts'
import { plan, startFixtures } from './fixtures/fixture-stack.ts'

let stack: Awaited<ReturnType<typeof startFixtures>>
before(async () => {
  stack = await startFixtures()
})
after(() => stack.close())

const get = async (path: string) => {
  const answer = await fetch(stack.url + path)
  return { status: answer.status, body: JSON.parse(await answer.text()) }
}
const failed = { status: 500, body: { message: 'Internal Server Error' } }
const logged = () => stack.lines.filter((line) => line.includes('errorType')).map((line) => JSON.parse(line))

describe('a function that fails', () => {
  for (const [mood, errorType] of [
    ['throw', 'RangeError'],
    ['exit', 'Runtime.ExitError'],
    ['reject', 'Runtime.UnhandledError'],
    ['hang', 'Sandbox.Timedout'],
    ['spin', 'Sandbox.Timedout'],
  ] as const)
    it(`is 500 when it has to ${mood}, one log line, and serves again`, async () => {
      stack.lines.length = 0
      deepEqual(await get(`/moody?mood=${mood}`), failed)
      deepEqual(
        logged().map((line) => [line.function, line.errorType]),
        [['moody', errorType]],
      )
      equal((await get('/moody')).status, 200)
    })

  it('is 500 when its result is malformed', async () => deepEqual(await get('/moody?mood=malformed'), failed))

  it('is 500 when it cannot be loaded, for every call', async () => {
    deepEqual(await Promise.all([get('/broken'), get('/broken')]), [failed, failed])
    ok(logged().some((line) => line.errorMessage === 'cannot be loaded'))
  })
})

describe('an instance', () => {
  it('starts when it is needed and is kept', async () => {
    stack.functions.restart('echo')
    const counts = [(await get('/echo/a')).body.calls, (await get('/echo/a')).body.calls]
    deepEqual(counts, [1, 2])
  })

  it('is new after a restart', async () => {
    stack.functions.restart('echo')
    equal((await get('/echo/a')).body.calls, 1)
  })

  it('serves one call at a time, and calls above four instances wait', async () => {
    const begun = performance.now()
    const answers = await Promise.all(Array.from({ length: 6 }, () => get('/slow?ms=300')))
    ok(performance.now() - begun >= 600)
    deepEqual(
      answers.map(({ status, body }) => [status, body.most]),
      answers.map(() => [200, 1]),
    )
  })

  it('knows how much time it has left', async () => {
    const { left } = (await get('/slow?ms=50')).body
    ok(left > 3000 && left < 4960, String(left))
  })

  it('finishes what it serves when it is replaced', async () => {
    const serving = get('/slow?ms=300')
    await new Promise((resolve) => setTimeout(resolve, 200))
    const { functions } = stack
    deepEqual(
      functions.use(plan.functions.map((each) => ({ ...each, variables: { NEW: each.name } }))).length,
      5,
    )
    equal((await get('/echo/a')).body.env.NEW, 'echo')
    equal((await serving).status, 200)
  })

  it('ends when it is replaced and serves nothing', async () => {
    const definition = plan.functions.find(({ name }) => name === 'echo')
    ok(definition)
    const free = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<unknown>()
    const instance = new Instance(definition, {}, { log: () => {}, free: free.resolve, ended: ended.resolve })
    await free.promise
    instance.retire()
    deepEqual([await ended.promise, instance.state], [undefined, 'gone'])
  })

  it('is left alone when nothing about its function changed', async () => {
    stack.functions.use(plan.functions)
    await get('/echo/a')
    deepEqual(stack.functions.use(plan.functions), [])
    equal((await get('/echo/a')).body.calls, 2)
  })

  it('writes its lines where the log goes', async () => {
    stack.lines.length = 0
    await get('/moody')
    for (let wait = 0; wait < 50 && stack.lines.length === 0; wait++)
      await new Promise((resolve) => setTimeout(resolve, 10))
    match(stack.lines[0] ?? '', /^\{"calls":\d+\}$/)
  })
})

describe('a schedule', () => {
  it('calls its function through the same door, with the event of EventBridge', async () => {
    const event = { detail: undefined as unknown, text: '' }
    const functions = {
      invoke: async (name: string, text: string) => {
        event.text = `${name} ${text}`
        return { failed: false, json: 'null' }
      },
    }
    await runOnce(functions, plan.schedules)
    match(event.text, /^moody1 \{.*"detail-type":"Scheduled Event","source":"aws\.events".*rule\/rule1/)
  })
})
