import { deepEqual, equal } from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { claims, type Forgery, forged, now } from '../support/forger.ts'
import { browser } from '../support/gateway.ts'
import {
  acceptedEverywhere,
  atTheCallback,
  openForgedGateway,
  refusedAtTheCallback,
  refusedEverywhere,
} from '../support/present.ts'
import vectors from '../vectors/token-claims.json' with { type: 'json' }

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openForgedGateway()

type Vector = Readonly<{
  claims?: object
  fromNow?: object
  long?: object
  without?: readonly string[]
  /** Claims as JSON text, for values that no JSON writer makes. */
  text?: object
  /** The whole payload. */
  payload?: string
}>

const forgeryOf = (vector: Vector): Forgery => {
  if (vector.payload !== undefined) return { wholePayload: vector.payload }
  const values = {
    ...claims(),
    ...vector.claims,
    ...Object.fromEntries(Object.entries(vector.fromNow ?? {}).map(([name, by]) => [name, now() + by])),
    ...Object.fromEntries(Object.entries(vector.long ?? {}).map(([name, size]) => [name, 'x'.repeat(size)])),
  }
  const members = Object.entries(values)
    .filter(([name]) => !vector.without?.includes(name))
    .map(([name, value]) => [name, JSON.stringify(value)] as const)
  const texts = Object.fromEntries([...members, ...Object.entries(vector.text ?? {})])
  return { wholePayload: `{${Object.entries(texts).map(([name, text]) => `"${name}":${text}`)}}` }
}

describe('The claims of a signed token', () => {
  for (const { what, code, ...vector } of vectors)
    it(`${code === '' ? 'are good' : 'are refused'} with ${what}`, async () => {
      // Made here: the clock of the vector is the clock of the test.
      const raw = forged(forgeryOf(vector))
      if (code === '') await acceptedEverywhere(gateway, raw)
      else await refusedEverywhere(gateway, raw, code)
    })

  it('are refused in invalid UTF-8', async () => {
    const bytes = Buffer.from(JSON.stringify({ ...claims(), sub: 'someX' }))
    bytes[bytes.indexOf('X')] = 0xff
    await refusedEverywhere(gateway, forged({ wholePayload: bytes }), 'token_malformed')
    const overlong = Buffer.from(JSON.stringify({ ...claims(), sub: 'someXX' }))
    overlong.set([0xc0, 0xaf], overlong.indexOf('XX'))
    await refusedEverywhere(gateway, forged({ wholePayload: overlong }), 'token_malformed')
  })

  it('are refused behind a byte order mark', () =>
    refusedEverywhere(
      gateway,
      forged({ wholePayload: `\ufeff${JSON.stringify(claims())}` }),
      'token_malformed',
    ))

  it('are refused 2,000 levels deep where a claim should be', async () => {
    const deep = '['.repeat(2000) + ']'.repeat(2000)
    const text = JSON.stringify({ ...claims(), sub: 0 }).replace('"sub":0', `"sub":${deep}`)
    await refusedEverywhere(gateway, forged({ wholePayload: text }), 'token_claims')
  })

  it('do no harm 1,000 levels deep where nobody looks', async () => {
    const deep = '['.repeat(1000) + ']'.repeat(1000)
    const text = JSON.stringify({ ...claims(), other: 0 }).replace('"other":0', `"other":${deep}`)
    await acceptedEverywhere(gateway, forged({ wholePayload: text }))
  })

  it('mean the same to the check and to the use when one is there twice: the last', async () => {
    const text = JSON.stringify(claims()).replace('"org":"demo"', '"org":"demo","org":"second"')
    await refusedAtTheCallback(gateway, forged({ wholePayload: text }), 'login_other_organisation', 403)
  })

  for (const [what, groups] of [
    ['a text', 'chiefs'],
    ['an object', { 0: 'chiefs', length: 1 }],
    ['a list with something else in it', ['chiefs', 7]],
    ['a list in a list', [['chiefs']]],
    ['null', null],
    ['names that every object has', ['constructor', '__proto__', 'toString', 'hasOwnProperty']],
  ] as const)
    it(`grant no unit when the groups are ${what}`, async () => {
      const answer = await gateway.call('units', { bearer: forged({ claims: { groups } }) })
      deepEqual(JSON.parse(answer.body ?? ''), { msg: 'Unit set', units: [], preferred: null })
    })

  for (const [what, permissions] of [
    ['a list', ['north']],
    ['a text', 'org'],
    ['null', null],
    ['units in a list', { units: ['north'] }],
    ['units as a text', { units: 'north' }],
    ['org as a text', { org: 'content:read' }],
    ['org with something else in it', { org: ['content:read', 7] }],
    ['empty', { org: [], units: {} }],
  ] as const)
    it(`grant no unit when the permissions of an access token are ${what}`, async () => {
      const bearer = forged({ claims: { ntt: 'access_token', permissions } })
      const answer = await gateway.call('units', { bearer })
      deepEqual(JSON.parse(answer.body ?? ''), { msg: 'Unit set', units: [], preferred: null })
    })

  it('grant a unit named like a member of every object to nobody else', async () => {
    const text = JSON.stringify({ ...claims(), ntt: 'access_token' }).replace(
      /}$/,
      ',"permissions":{"units":{"constructor":[],"__proto__":[]}}}',
    )
    const answer = await gateway.call('units', { bearer: forged({ wholePayload: text }) })
    deepEqual(
      JSON.parse(answer.body ?? '').units.map(({ name }: { name: string }) => name),
      ['__proto__', 'constructor'],
    )
    const plain = await gateway.call('units', { bearer: forged({ claims: { ntt: 'access_token' } }) })
    deepEqual(JSON.parse(plain.body ?? '').units, [])
  })

  it('of an ID token grant nothing through permissions, which only an access token carries', async () => {
    const bearer = forged({
      claims: { groups: [], permissions: { org: ['content:read'], units: { north: [] } } },
    })
    const answer = await gateway.call('units', { bearer })
    deepEqual(JSON.parse(answer.body ?? '').units, [])
  })

  it('of an access token sign nobody in', async () => {
    const raw = forged({ claims: { ntt: 'access_token', permissions: { org: ['content:read'], units: {} } } })
    await refusedAtTheCallback(gateway, raw, 'token_purpose')
    equal((await gateway.call('token-is-set', { bearer: raw })).statusCode, 200)
  })

  it('are counted against MAX_TOKEN_AGE where it is set', async () => {
    const poll = await gateway.open('token-is-set', gateway.instance({ MAX_TOKEN_AGE: '600' }))
    const times = (exp: number) => ({ bearer: forged({ claims: { iat: now(), exp: now() + exp } }) })
    equal((await poll(times(600))).statusCode, 200)
    equal((await poll(times(601))).statusCode, 401)
  })

  it('outlive neither their time nor the memory of an instance that has seen them', async () => {
    const raw = forged({ claims: { exp: now() + 5 } })
    await acceptedEverywhere(gateway, raw)
    gateway.clock.ahead = 5
    try {
      await refusedEverywhere(gateway, raw, 'token_expired')
    } finally {
      gateway.clock.ahead = 0
    }
  })

  it('bound the session cookie to the seconds that are left', async () => {
    const person = browser()
    const query = await gateway.begin(person)
    const raw = forged({ claims: { exp: now() + 90 } })
    const answer = await gateway.call('callback', {
      query: `${query}&imid_token=${raw}`,
      cookies: person.pairs(),
    })
    equal(answer.cookies?.[0], `imidToken=${raw}; Max-Age=90; Path=/; HttpOnly; Secure; SameSite=Lax`)
    equal((await atTheCallback(gateway, raw)).status, 302)
  })
})
