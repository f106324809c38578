import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Code, Problem } from '../../lib/problem.ts'
import { type UnverifiedToken, unverifiedToken } from '../../lib/session/token.ts'
import { organisationKey, subjectKey } from '../../lib/store/keys.ts'
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
  json.map(encoded),
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
const names = 'sub org iat exp nbf ntt jti groups permissions iss aud __proto__'.split(' ')
const oddClaim = fc.oneof(
  json,
  fc.integer(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(now(), now() + 60),
)
const oddClaims = fc.record(Object.fromEntries(names.map((name) => [name, oddClaim])), { requiredKeys: [] })

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
    const bytes = fc.uint8Array({ maxLength: 64 })
    const property = fc.property(oddHeader, oddClaims, bytes, (head, body, end) => {
      const raw = [head, body, end].map(encoded).join('.')
      const result = attempt(raw)
      if (typeof result === 'string') return
      const parts = raw.split('.').map((part) => Buffer.from(part, 'base64url').toString('base64url'))
      equal(parts.join('.'), raw)
      ok(raw.length <= 8192)
      deepEqual([result.kid, result.algorithm], [Object(head).kid, Object(head).alg])
    })
    fc.assert(property, { numRuns: 3000 })
  })

  it('accepts no text but the one that was signed: no character more, fewer or other', async () => {
    const put = fc.oneof(
      fc.string({ maxLength: 2 }),
      fc.base64String({ maxLength: 4 }),
      fc.constantFrom('', '.', '='),
    )
    const property = fc.asyncProperty(fc.nat(good.length), fc.nat(2), put, async (at, cut, more) => {
      const raw = good.slice(0, at) + more + good.slice(at + cut)
      equal((await verdict(raw)) === 'good', raw === good)
    })
    await fc.assert(property, { numRuns: 2000 })
  })

  it('accepts no signature but a good one, whatever the header asks for', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 512 })
    const property = fc.asyncProperty(oddHeader, bytes, async (head, end) =>
      notEqual(await verdict(`${encoded(head)}.${payload}.${encoded(end)}`), 'good'),
    )
    await fc.assert(property, { numRuns: 1000 })
  })

  it('copies only known claims, each of its own kind, whatever was signed', () => {
    const known =
      'audience email expires groups issued issuer kind name notBefore org permissions session subject'
    const property = fc.property(oddClaims, (odd) => {
      const result = attempt(forged({ claims: odd }))
      if (typeof result === 'string') return
      const { unverifiedClaims: read } = result
      equal(Object.keys(read).sort().join(' '), known)
      for (const text of [read.org, read.subject])
        ok(text.length > 0 && text.length <= 900 && text.isWellFormed())
      for (const instant of [read.issued, read.expires, read.notBefore ?? 0])
        ok(Number.isSafeInteger(instant) && instant >= 0)
      for (const list of [read.groups, read.permissions.org, ...read.permissions.units.values()])
        ok(list.every((text) => typeof text === 'string'))
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('trusts a signed token only within its times', async () => {
    const seconds = fc.integer({ min: -700_000, max: 700_000 })
    const property = fc.asyncProperty(seconds, seconds, async (iat, exp) => {
      const at = now()
      const raw = forged({ claims: { iat: at + iat, exp: at + exp } })
      // Within five seconds of a boundary the clock may pass it meanwhile.
      if ([exp, iat - 60, exp - iat].some((distance) => Math.abs(distance) <= 5)) return
      const inTime = exp > 0 && iat <= 60 && exp > iat && exp - iat <= 604_800
      equal((await verdict(raw)) === 'good', inTime)
    })
    await fc.assert(property, { numRuns: 300 })
  })
})

it('the names of organisations, people and sessions are the same for the same ones, and for no others', () => {
  const name = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
    fc.constantFrom('a', 'b', 'a#b', '#', '%23', 'a#', '#b', '","', '\\', ' ', 'SUBJECT'),
  )
  const sessionOf = ([org, sub, jti]: readonly string[]): string | undefined =>
    Object(attempt(`${header}.${encoded({ ...claims(), org, sub, jti })}.${signature}`)).unverifiedClaims
      ?.session
  const id = fc.tuple(name, name, name)
  const property = fc.property(id, id, (one, other) => {
    const [org, sub, jti] = one.map((text, index) => text === other[index])
    equal(organisationKey(one[0]) === organisationKey(other[0]), org)
    equal(subjectKey(one[0], one[1]) === subjectKey(other[0], other[1]), org && sub)
    const [a, b] = [sessionOf(one), sessionOf(other)]
    if (a !== undefined && b !== undefined) equal(a === b, org && sub && jti)
  })
  fc.assert(property, { numRuns: 5000 })
})
