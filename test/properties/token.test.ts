import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Code, Problem } from '../../lib/problem.ts'
import { type UnverifiedToken, unverifiedToken } from '../../lib/session/token.ts'
import { subjectKey } from '../../lib/store/keys.ts'
import { claims, encoded, forged, now, verdict } from '../support/forger.ts'

const takenApart: readonly Code[] = ['token_malformed', 'token_claims', 'token_purpose']

/** Taken apart, or the code of the refusal; anything else that is thrown fails the property. */
const attempt = (raw: string): UnverifiedToken | Code => {
  try {
    return unverifiedToken(raw)
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
}
const good = forged()
const [header = '', payload = '', signature = ''] = good.split('.')

const json = fc.jsonValue({ maxDepth: 3 })
/** Pieces of which attacks on the envelope are made. */
const piece = fc.oneof(
  fc.constantFrom(...'.=+/-_ \n\0', header, payload, signature, '{}', encoded('{}')),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.base64String({ maxLength: 12 }),
  json.map((value) => encoded(value)),
)
const oddHeader = fc.record(
  {
    alg: fc.oneof(fc.constantFrom('RS256', 'RS512', 'none', 'HS256', 'ES256'), json),
    kid: fc.oneof(fc.constantFrom('rs256', 'rs512', '__proto__', 'constructor'), json),
    typ: fc.oneof(fc.constantFrom('JWT', 'jwt', 'at+jwt'), json),
    crit: json,
    other: json,
  },
  { requiredKeys: [] },
)
const oddClaims = fc.record(
  Object.fromEntries(
    ['sub', 'org', 'iat', 'exp', 'nbf', 'ntt', 'jti', 'groups', 'permissions', 'iss', 'aud', '__proto__'].map(
      (name) => [
        name,
        fc.oneof(json, fc.integer(), fc.string({ unit: 'binary' }), fc.constantFrom(now(), now() + 60)),
      ],
    ),
  ),
  { requiredKeys: [] },
)

describe('the token envelope', () => {
  it('takes any text apart or refuses it with one of three codes, and throws nothing else', () => {
    const property = fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const raw = pieces.join('')
      const result = attempt(raw)
      if (typeof result === 'string') ok(takenApart.includes(result), result)
      else equal(result.raw, raw)
    })
    fc.assert(property, { numRuns: 5000 })
  })

  it('takes a token apart in its one canonical spelling alone: what it read spells the same text again', () => {
    const property = fc.property(
      oddHeader,
      oddClaims,
      fc.uint8Array({ maxLength: 64 }),
      (head, body, end) => {
        const raw = [head, body, end].map(encoded).join('.')
        const result = attempt(raw)
        if (typeof result === 'string') return
        deepEqual(
          raw.split('.').map((part) => Buffer.from(part, 'base64url').toString('base64url')),
          raw.split('.'),
        )
        ok(raw.length <= 8192)
        equal(result.kid, Object(head).kid)
        equal(result.algorithm, Object(head).alg)
      },
    )
    fc.assert(property, { numRuns: 3000 })
  })

  it('accepts no text but the one that was signed: no character more, fewer or other', async () => {
    const edit = fc.tuple(
      fc.nat({ max: good.length }),
      fc.nat({ max: 2 }),
      fc.oneof(fc.string({ maxLength: 2 }), fc.base64String({ maxLength: 4 }), fc.constantFrom('', '.', '=')),
    )
    const property = fc.asyncProperty(edit, async ([at, cut, put]) => {
      const raw = good.slice(0, at) + put + good.slice(at + cut)
      equal((await verdict(raw)) === 'good', raw === good)
    })
    await fc.assert(property, { numRuns: 2000 })
  })

  it('accepts no signature but a good one, whatever the header asks for', async () => {
    const property = fc.asyncProperty(
      oddHeader,
      fc.uint8Array({ minLength: 1, maxLength: 512 }),
      async (head, end) => {
        notEqual(await verdict(`${encoded(head)}.${payload}.${encoded(end)}`), 'good')
      },
    )
    await fc.assert(property, { numRuns: 1000 })
  })

  it('copies only known claims, each of its own kind, whatever was signed', async () => {
    const property = fc.asyncProperty(oddClaims, async (odd) => {
      const result = attempt(forged({ claims: odd }))
      if (typeof result === 'string') return
      const { unverifiedClaims: known } = result
      deepEqual(Object.keys(known).sort(), [
        'audience',
        'email',
        'expires',
        'groups',
        'issued',
        'issuer',
        'kind',
        'name',
        'notBefore',
        'org',
        'permissions',
        'session',
        'subject',
      ])
      for (const text of [known.org, known.subject])
        ok(text.length > 0 && text.length <= 900 && text.isWellFormed())
      for (const instant of [known.issued, known.expires, known.notBefore ?? 0])
        ok(Number.isSafeInteger(instant) && instant >= 0)
      for (const list of [known.groups, known.permissions.org, ...known.permissions.units.values()])
        ok(list.every((text) => typeof text === 'string'))
    })
    await fc.assert(property, { numRuns: 500 })
  })

  it('trusts a signed token only within its times', async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: -700_000, max: 700_000 }),
      fc.integer({ min: -700_000, max: 700_000 }),
      async (iat, exp) => {
        const at = now()
        const raw = forged({ claims: { iat: at + iat, exp: at + exp } })
        const inTime = exp > 0 && iat <= 60 && exp > iat && exp - iat <= 604_800
        // Within five seconds of a boundary the clock may pass it meanwhile.
        if ([exp, iat - 60, exp - iat].some((distance) => Math.abs(distance) <= 5)) return
        equal((await verdict(raw)) === 'good', inTime)
      },
    )
    await fc.assert(property, { numRuns: 300 })
  })
})

describe('the names of people and sessions', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 })
  const tricky = fc.oneof(name, fc.constantFrom('a', 'b', 'a#b', '#', '%23', 'a#', '#b', '","', '\\', ' '))

  it('are the same for the same organisation and subject, and for no others', () => {
    const property = fc.property(tricky, tricky, tricky, tricky, (org, sub, otherOrg, otherSub) => {
      const same = org === otherOrg && sub === otherSub
      equal(subjectKey(org, sub) === subjectKey(otherOrg, otherSub), same)
    })
    fc.assert(property, { numRuns: 5000 })
  })

  it('of sessions are the same for the same organisation, subject and jti, and for no others', () => {
    const sessionOf = (org: string, sub: string, jti: string): string | undefined => {
      const result = attempt(`${header}.${encoded({ ...claims(), org, sub, jti })}.${signature}`)
      return typeof result === 'string' ? undefined : result.unverifiedClaims.session
    }
    const id = fc.tuple(tricky, tricky, tricky)
    const property = fc.property(id, id, (one, other) => {
      const [a, b] = [sessionOf(...one), sessionOf(...other)]
      if (a === undefined || b === undefined) return
      equal(
        a === b,
        one.every((text, index) => text === other[index]),
      )
    })
    fc.assert(property, { numRuns: 3000 })
  })
})
