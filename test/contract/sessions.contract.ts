import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sessionsIn } from '../../lib/session/revocation.ts'
import { sessionKey } from '../../lib/store/keys.ts'
import { type Contract, claims, standingOf } from './given.ts'

export const sessions: Contract = (database, open) =>
  describe(`sessions on ${database}`, () => {
    const maxTokenAge = 5000

    it('ends one session, and no other', async () => {
      const table = await open()
      const [mine, other] = [claims(), claims()]
      await sessionsIn(table, { maxTokenAge }).end(mine, 1500)
      deepEqual([await standingOf(table, mine), await standingOf(table, other)], ['token_revoked', 'ok'])
      equal((await table.read([sessionKey(mine)])).get(sessionKey(mine))?.ended?.N, '1500')
    })

    it('remembers an end for as long as any token of its session can live, and an hour', async () => {
      const table = await open()
      const sessions = sessionsIn(table, { maxTokenAge })
      const until = async () => {
        const item = (await table.read([sessionKey({ session: 'one' })])).values().next().value
        return Number(item?.expires?.N) - 3600
      }
      const seen: unknown[] = []
      for (const [expires, now] of [
        [2000, 1500],
        [1400, 1500],
        [9000, 1500],
        [2000, 1600],
      ] as const) {
        await sessions.end(claims({ session: 'one', expires }), now)
        seen.push(await until())
      }
      deepEqual(seen, [6500, 6500, 9000, 9000])
    })
  })
