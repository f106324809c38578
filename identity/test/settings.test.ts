import { deepEqual } from 'node:assert/strict'
import { it } from 'node:test'
import type { ConfigError } from '../../lib/config.ts'
import { each } from '../../test/support/each.ts'
import { context } from '../../test/support/events.ts'
import { served } from '../lambda.ts'
import { readSettings } from '../settings.ts'
import { gateway, settingsOf } from './support/service.ts'

const problemsOf = (read: () => unknown): string[] => {
  try {
    read()
    return []
  } catch (error) {
    return (error as ConfigError).problems.map((problem) => problem.replace(/[. ].*/, ''))
  }
}

it('All missing settings are reported at once, by name', () => {
  deepEqual(
    problemsOf(() => readSettings({})),
    ['IDENTITY_URL', 'PUBLIC_URL', 'ORGANISATIONS', 'SIGNING_KEYS'],
  )
})

each('An invalid setting is reported by its name', [
  ['IDENTITY_URL', gateway],
  ['IDENTITY_URL', 'http://id.example.test'],
  ['GATEWAYS', 'https://gw.example.test/path'],
  ['SIGNING_KEYS', 'key-1'],
  ['SIGNING_KEYS', ','],
  ['SIGNING_KEYS', '2026-13-01=a'],
  ['SIGNING_KEYS', '2026-11-27=a,2026-11-27=b'],
  ['LOG_LEVEL', 'loud'],
])(([name, value]) =>
  deepEqual(
    problemsOf(() => settingsOf({ [name]: value })),
    [name],
  ),
)

each('Only a local IDENTITY_URL allows local providers, and only over http are cookies not Secure', [
  ['https://id.example.com', false, false],
  ['https://localhost.example.com', false, false],
  ['https://identity.imsg.localhost:3001', true, false],
  ['http://localhost:3001', true, true],
])(([url, allowed, plain]) => {
  const { localProviders, loopback } = settingsOf({ IDENTITY_URL: url })
  deepEqual([localProviders, loopback], [allowed, plain])
})

it('A function with invalid settings answers every request with 500', async () => {
  const handler = served(() => async () => ({ statusCode: 200, headers: {} }), '/', {})
  const event = { rawQueryString: '', isBase64Encoded: false, requestContext: { requestId: 'r' } }
  const { statusCode, body } = await handler(event, context)
  deepEqual([statusCode, body], [500, '"errors.api.InternalServerError"'])
})
