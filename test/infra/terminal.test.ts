import { deepEqual, equal, match } from 'node:assert/strict'
import { it } from 'node:test'
import type { TestEvent } from 'node:test/reporters'
import { coloured } from '../../infra/terminal.ts'
import { readable } from '../../local/readable.ts'
import { reportOf } from '../support/failures.ts'

it('colours what failed at a terminal, and nothing in a file or in CI', () => {
  const terminal = Object.assign(Object.create(process.stdout), { isTTY: true, getColorDepth: () => 8 })
  const file = Object.assign(Object.create(process.stdout), { isTTY: false })
  const red = '\u001b[31mFAIL\u001b[39m'
  deepEqual(
    [coloured('red', 'FAIL', terminal, {}), coloured('red', 'FAIL', terminal, { CI: 'true' })],
    [red, 'FAIL'],
  )
  equal(coloured('red', 'FAIL', file, {}), 'FAIL')
  const line = {
    time: '2026-11-27T10:00:00Z',
    level: 'error',
    route: 'unit',
    status: 500,
    code: 'internal',
    ms: 1,
  }
  match(
    readable(JSON.stringify(line), (colour, text) => `<${colour}>${text}`) ?? '',
    / 500 {2}<red>internal {2}/,
  )
})

it('says how far the tests are when nothing has failed for ten seconds', async () => {
  let at = 0
  const events = async function* () {
    for (const type of ['test', 'suite', 'test', 'test']) {
      at += 3000
      yield { type: 'test:pass', data: { details: { type } } } as unknown as TestEvent
    }
  }
  let text = ''
  for await (const piece of reportOf(events(), () => at)) text += piece
  equal(text.trim(), 'ℹ 3 passed so far')
})
