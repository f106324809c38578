import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sessionsIn } from '../../lib/session/revocation.ts'
import { sessionKey } from '../../lib/store/keys.ts'
import { type Contract, claims, revocationCode } from './given.ts'

export const sessions: Contract = (database, open) =>
  describe(`sessions on ${database}`, () => {
    it('ends only one session, until an hour after its last token can expire', async () => {
      const table = await open()
      const sessions = sessionsIn(table, { maxTokenAge: 5000 })
      const key = sessionKey({ session: 'one' })
      const seen: unknown[] = []
      for (const [expires, now] of [
        [2000, 1500],
        [1400, 1500],
        [9000, 1500],
        [2000, 1600],
      ] as const) {
        await sessions.end(claims({ session: 'one', expires }), now)
        const item = (await table.read([key])).get(key)
        seen.push([item?.ended?.N, Number(item?.expires?.N) - 3600])
      }
      const latest = ['1500', 9000]
      deepEqual(seen, [['1500', 6500], ['1500', 6500], latest, latest])
      equal(await revocationCode(table, claims({ session: 'one' })), 'token_revoked')
      equal(await revocationCode(table, claims({ session: 'other' })), 'ok')
    })
  })
