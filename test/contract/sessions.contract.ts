import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  checkRevocation,
  revocationKeys,
  sessionKey,
  sessionsIn,
  subjectKey,
} from '../../lib/session/revocation.ts'
import type { Claims } from '../../lib/session/token.ts'
import { type Contract, claims, codeOf } from './given.ts'

export const sessions: Contract = (database, open) =>
  describe(`sessions on ${database}`, () => {
    it('ends one session, stamps it for TTL, and no other', async () => {
      const table = await open()
      const [mine, other] = [claims(), claims()]
      const standing = async (whose: Claims) => {
        const items = await table.read(revocationKeys(whose))
        return codeOf(() => checkRevocation(items, whose, false))
      }
      await sessionsIn(table).end(mine, 1500)
      deepEqual([await standing(mine), await standing(other)], ['token_revoked', 'ok'])
      const item = (await table.read([sessionKey(mine)])).get(sessionKey(mine))
      deepEqual([item?.ended?.N, item?.expires?.N], ['1500', String(2000 + 3600)])
    })

    it('ends a session until the last of its tokens has run out', async () => {
      const table = await open()
      const [long, short] = [
        claims({ session: 'one', expires: 9000 }),
        claims({ session: 'one', expires: 2000 }),
      ]
      const until = async () => (await table.read([sessionKey(long)])).get(sessionKey(long))?.expires?.N
      const seen: unknown[] = []
      for (const whose of [short, long, short]) {
        await sessionsIn(table).end(whose, 1500)
        seen.push(await until())
      }
      deepEqual(seen, [String(2000 + 3600), String(9000 + 3600), String(9000 + 3600)])
    })

    it('never takes two people for one', async () => {
      const keys = [
        subjectKey('a#b', 'c'),
        subjectKey('a', 'b#c'),
        subjectKey('a%23b', 'c'),
        subjectKey('a', 'b%23c'),
      ]
      equal(new Set(keys).size, keys.length)
      const table = await open()
      await table.change(subjectKey('a#b', 'c'), {
        set: 'SET #blocked = :blocked',
        values: { blocked: { BOOL: true } },
      })
      const items = await table.read(revocationKeys(claims({ org: 'a', subject: 'b#c' })))
      equal(
        codeOf(() => checkRevocation(items, claims({ org: 'a', subject: 'b#c' }), false)),
        'ok',
      )
    })
  })
