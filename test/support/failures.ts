import { Readable } from 'node:stream'
import { spec, type TestEvent } from 'node:test/reporters'

const shown = new Set<TestEvent['type']>(['test:fail', 'test:diagnostic', 'test:stderr'])

/** How long nothing may be said while tests pass, milliseconds. */
const silence = 10_000

const soFar = (passed: number): TestEvent => ({
  type: 'test:diagnostic',
  data: { nesting: 0, message: `${passed} passed so far`, level: 'info' },
})

/** The spec reporter without successes: failures, measured figures, warnings, the summary, and progress. */
export async function* reportOf(events: AsyncIterable<TestEvent>, now: () => number): AsyncGenerator<string> {
  const kept = async function* () {
    let passed = 0
    let said = now()
    for await (const event of events) {
      if (event.type === 'test:pass' && event.data.details.type !== 'suite') passed++
      if (shown.has(event.type)) yield event
      else if (passed > 0 && now() - said >= silence) {
        said = now()
        yield soFar(passed)
      }
    }
  }
  yield* Readable.from(kept()).compose(new spec())
}

/** What node calls, with options of its own after the events. */
export default (events: AsyncIterable<TestEvent>): AsyncGenerator<string> => reportOf(events, Date.now)
