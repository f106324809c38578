import { equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Code, Problem } from '../../lib/problem.ts'
import { type UnverifiedToken, unverifiedToken } from '../../lib/session/token.ts'
import { organisationKey, subjectKey } from '../../lib/store/keys.ts'
import { claims, encoded, forged, now, verdict } from '../support/forger.ts'

/** The codes with which parsing refuses a text. */
const unparsable: readonly Code[] = ['token_malformed', 'token_claims', 'token_purpose']

/** The parsed token, or the code of the refusal. */
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
const piece = fc.oneof(
  fc.constantFrom(...'.=+/-_ \n\0', header, payload, signature, '{}', encoded('{}')),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.base64String({ maxLength: 12 }),
  json.map(encoded),
)
const names = 'sub org iat exp nbf ntt jti groups permissions iss aud __proto__'.split(' ')
const oddClaim = fc.oneof(
  json,
  fc.integer(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(now(), now() + 60),
)
const oddClaims = fc.record(Object.fromEntries(names.map((name) => [name, oddClaim])), { requiredKeys: [] })

describe('A token', () => {
  it('is parsed or refused with one of three codes, for any text', () => {
    const property = fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const raw = pieces.join('')
      const result = attempt(raw)
      if (typeof result === 'string') ok(unparsable.includes(result), result)
      else equal(result.raw, raw)
    })
    fc.assert(property, { numRuns: 5000 })
  })

  it('is valid only as exactly the text that was signed', async () => {
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

  it('yields only known claims of the expected types, whatever was signed', () => {
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
})

it('Table keys of organisations, subjects and sessions are equal only for the same names', () => {
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
  const examples: [[string, string, string], [string, string, string]][] = [
    [
      ['a#b', 'c', 'id'],
      ['a', 'b#c', 'id'],
    ],
    [
      ['a%23b', 'c', 'id'],
      ['a#b', 'c', 'id'],
    ],
    [
      ['a","b', 'c', 'id'],
      ['a', 'b","c', 'id'],
    ],
  ]
  fc.assert(property, { numRuns: 5000, examples })
})
