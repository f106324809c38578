import { equal } from 'node:assert/strict'
import { describe } from 'node:test'
import { readable } from '../../local/readable.ts'
import { each } from '../support/each.ts'

const time = '2026-11-24T05:18:15.123Z'
const line = (fields: object) => JSON.stringify({ level: 'info', time, ...fields })

describe('A log line at a terminal', () => {
  each('is short, and left out when it says nothing new', [
    [
      'is short',
      line({ route: 'login', status: 302, code: 'ok', ms: 3.2, id: 'x', org: 'demo', _aws: {} }),
      '05:18:15  login          302  ok  3.2 ms  demo',
    ],
    [
      'says why something was refused',
      line({ route: 'unit', status: 403, code: 'unit_not_held', ms: 1, org: 'demo', cause: 'Error' }),
      '05:18:15  unit           403  unit_not_held  1 ms  demo  Error',
    ],
    [
      'says how a refresh failed',
      line({ route: 'refresh-state', code: 'failed', ms: 9, reason: 'key set: status 500' }),
      '05:18:15  refresh-state  failed  9 ms  key set: status 500',
    ],
    [
      'says that a login is not bound',
      line({ route: 'login', status: 302, code: 'ok', ms: 1, binding: 'off' }),
      '05:18:15  login          302  ok  1 ms  binding off',
    ],
    [
      'is left out for a good poll',
      line({ route: 'token-is-set', status: 200, code: 'ok', ms: 1 }),
      undefined,
    ],
    [
      'is there for any other poll',
      line({ route: 'token-is-set', status: 401, code: 'token_missing', ms: 1 }),
      '05:18:15  token-is-set   401  token_missing  1 ms',
    ],
    [
      'is left out for a refresh without news',
      line({ route: 'refresh-state', code: 'unchanged', ms: 1 }),
      undefined,
    ],
    [
      'stays as it is when it is of no request',
      line({ function: 'health', message: 'x' }),
      line({ function: 'health', message: 'x' }),
    ],
    ['stays as it is when it is no JSON', 'synthesising the stack ...', 'synthesising the stack ...'],
    ['stays as it is when it is no object', 'null', 'null'],
  ])(([, given, shown]) => equal(readable(given), shown))
})
