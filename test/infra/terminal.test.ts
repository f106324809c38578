import { deepEqual } from 'node:assert/strict'
import { it } from 'node:test'
import { coloured } from '../../infra/terminal.ts'

it('Failures are coloured at a terminal, but not in a file or in CI', () => {
  const terminal = Object.assign(Object.create(process.stdout), { isTTY: true, getColorDepth: () => 8 })
  const file = Object.assign(Object.create(process.stdout), { isTTY: false })
  const shown = [
    coloured('red', 'FAIL', terminal, {}),
    coloured('red', 'FAIL', terminal, { CI: 'true' }),
    coloured('red', 'FAIL', file, {}),
  ]
  deepEqual(shown, ['\u001b[31mFAIL\u001b[39m', 'FAIL', 'FAIL'])
})
