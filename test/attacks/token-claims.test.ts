import { deepEqual, equal } from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { claims, forged, now, verdict } from '../support/forger.ts'
import { asProblem, browser, codeOf } from '../support/gateway.ts'
import {
  acceptedEverywhere,
  openForgedGateway,
  refusedAtTheCallback,
  refusedEverywhere,
} from '../support/present.ts'
import vectors from '../vectors/token-claims.json' with { type: 'json' }

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openForgedGateway()

/** `text`: claims as JSON text, for values that no JSON writer makes. `payload`: all of it. `code`: empty for what is good. */
type Vector = Readonly<{
  what: string
  code: string
  claims?: object
  fromNow?: object
  long?: object
  without?: readonly string[]
  text?: object
  payload?: string
}>

const payloadOf = (vector: Vector): string => {
  if (vector.payload !== undefined) return vector.payload
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
  return `{${Object.entries(texts).map(([name, text]) => `"${name}":${text}`)}}`
}
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
const withText = (name: string, text: string) =>
  forged({
    wholePayload: JSON.stringify({ ...claims(), [name]: 0 }).replace(`"${name}":0`, `"${name}":${text}`),
  })

describe('The claims of a signed token', () => {
  it('are good or refused, each for its own reason', async () => {
    for (const vector of vectors as readonly Vector[])
      equal(await verdict(forged({ wholePayload: payloadOf(vector) })), vector.code || 'good', vector.what)
  })

  it('are UTF-8 without a byte order mark', async () => {
    for (const bytes of [[0xff], [0xc0, 0xaf]]) {
      const payload = Buffer.from(JSON.stringify({ ...claims(), sub: 'someXX' }))
      payload.set(bytes, payload.indexOf('XX'))
      equal(await verdict(forged({ wholePayload: payload })), 'token_malformed', bytes.join())
    }
    const marked = forged({ wholePayload: `\ufeff${JSON.stringify(claims())}` })
    equal(await verdict(marked), 'token_malformed')
  })

  it('may be deep where nobody looks, and not where a claim should be', async () => {
    equal(await verdict(withText('sub', deep(2000))), 'token_claims')
    equal(await verdict(withText('other', deep(1000))), 'good')
  })

  it('are held to the configured issuer, letter for letter', async () => {
    const issuer = 'https://identity.example.test'
    const issuers = [
      undefined,
      '',
      null,
      `${issuer}/`,
      `${issuer}:443`,
      'https://Identity.example.test',
      ` ${issuer}`,
    ]
    for (const iss of [
      ...issuers,
      issuer.replace('s:', ':'),
      [issuer],
      ['https://evil.test', issuer],
      { [issuer]: 1 },
    ])
      equal(await verdict(forged({ claims: { iss } }), { issuer }), 'token_issuer', JSON.stringify(iss))
    equal(await verdict(forged({ claims: { iss: issuer } }), { issuer }), 'good')
  })

  it('are held to the configured audience, alone or in a list', async () => {
    const audience = 'gateway'
    const alone = [undefined, null, '', 'somebody else', 'Gateway', 'my gateway', 'gateway other']
    for (const aud of [...alone, [], ['a', 'b'], [['gateway']], { 0: 'gateway', length: 1 }])
      equal(await verdict(forged({ claims: { aud } }), { audience }), 'token_audience', JSON.stringify(aud))
    for (const aud of ['gateway', ['gateway'], ['other', 'gateway']])
      equal(await verdict(forged({ claims: { aud } }), { audience }), 'good', JSON.stringify(aud))
  })

  for (const [what, code, more] of [
    ['an organisation that is no text', 'token_claims', { org: ['demo'] }],
    ['a time that is over', 'token_expired', { exp: now() }],
    ['a time to come', 'token_from_future', { iat: now() + 61 }],
    ['a life too long', 'token_lives_too_long', { iat: now(), exp: now() + 604_801 }],
    ['another purpose', 'token_purpose', { ntt: 'refresh_token' }],
    ['a blocked organisation', 'token_organisation', { org: 'closed' }],
  ] as const)
    it(`are refused everywhere with ${what}`, () =>
      refusedEverywhere(gateway, forged({ claims: more }), code))

  it('are refused everywhere for the parties, where the settings name some', async () => {
    const ours = { iss: 'https://identity.example.test', aud: 'gateway' }
    const strict = await openForgedGateway({ TOKEN_ISSUER: ours.iss, TOKEN_AUDIENCE: ours.aud })
    await refusedEverywhere(strict, forged({ claims: { ...ours, iss: 'https://evil.test' } }), 'token_issuer')
    await refusedEverywhere(strict, forged({ claims: { ...ours, aud: 'somebody else' } }), 'token_audience')
    await acceptedEverywhere(strict, forged({ claims: ours }))
  })

  it('name an organisation that is known, letter for letter', async () => {
    for (const org of ['nowhere', 'Demo', 'demo ', '__proto__']) {
      const bearer = withText('org', JSON.stringify(org))
      equal(
        codeOf(await gateway.call('token-is-set', { bearer, headers: asProblem })),
        'token_organisation',
        org,
      )
    }
  })

  it('mean the same to the check and to the use when one is there twice: the last', async () => {
    const text = JSON.stringify(claims()).replace('"org":"demo"', '"org":"demo","org":"second"')
    await refusedAtTheCallback(gateway, forged({ wholePayload: text }), 'login_other_organisation', 403)
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
    await refusedEverywhere(gateway, raw, 'token_expired')
    gateway.clock.ahead = 0
  })

  it('bound the session cookie to the seconds that are left', async () => {
    const person = browser()
    const raw = forged({ claims: { exp: now() + 90 } })
    const query = `${await gateway.begin(person)}&imid_token=${raw}`
    const answer = await gateway.call('callback', { query, cookies: person.pairs() })
    equal(answer.cookies?.[0], `imidToken=${raw}; Max-Age=90; Path=/; HttpOnly; Secure; SameSite=Lax`)
  })

  it('of an access token sign nobody in', async () => {
    const raw = forged({ claims: { ntt: 'access_token', permissions: { org: ['content:read'], units: {} } } })
    await refusedAtTheCallback(gateway, raw, 'token_purpose')
    equal((await gateway.call('token-is-set', { bearer: raw })).statusCode, 200)
  })
})

describe('The units of a token', () => {
  const unitsOf = async (bearer: string): Promise<string[]> => {
    const { body = '' } = await gateway.call('units', { bearer })
    return JSON.parse(body).units.map(({ name }: { name: string }) => name)
  }

  it('are none when groups or permissions are not what they should be', async () => {
    for (const groups of [
      'chiefs',
      { 0: 'chiefs', length: 1 },
      ['chiefs', 7],
      [['chiefs']],
      null,
      ['constructor', '__proto__', 'toString'],
    ])
      deepEqual(await unitsOf(forged({ claims: { groups } })), [], JSON.stringify(groups))
    for (const permissions of [
      ...[['north'], 'org', null, { units: ['north'] }, { units: 'north' }, { org: 'content:read' }],
      ...[{ org: ['content:read', 7] }, { org: [], units: {} }],
    ])
      deepEqual(
        await unitsOf(forged({ claims: { ntt: 'access_token', permissions } })),
        [],
        JSON.stringify(permissions),
      )
  })

  it('may be named like a member of every object, and are then granted to nobody else', async () => {
    const text = JSON.stringify({ ...claims(), ntt: 'access_token' }).replace(
      /}$/,
      ',"permissions":{"units":{"constructor":[],"__proto__":[]}}}',
    )
    deepEqual(await unitsOf(forged({ wholePayload: text })), ['__proto__', 'constructor'])
    deepEqual(await unitsOf(forged({ claims: { ntt: 'access_token' } })), [])
  })

  it('come from no permissions in an ID token, which only an access token carries', async () => {
    const permissions = { org: ['content:read'], units: { north: [] } }
    deepEqual(await unitsOf(forged({ claims: { groups: [], permissions } })), [])
  })
})
