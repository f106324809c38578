import { Readable } from 'node:stream'
import { spec, type TestEvent } from 'node:test/reporters'

const shown = new Set<TestEvent['type']>(['test:fail', 'test:diagnostic', 'test:stderr'])

/** The spec reporter without what went well: failures, measured figures, warnings and the summary. */
export default async function* failures(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const kept = async function* () {
    for await (const event of events) if (shown.has(event.type)) yield event
  }
  yield* Readable.from(kept()).compose(new spec())
}
