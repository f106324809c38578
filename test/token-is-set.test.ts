import { deepEqual, equal } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { Problem } from '../lib/problem.ts'
import { each } from './support/each.ts'
import { asProblem, codeOf, fromOurPage, navigation, openGateway } from './support/gateway.ts'

const gateway = await openGateway()
const { call, open, control, refresh, token, front, clock } = gateway
const hour = 3600
const seconds = () => Math.floor(Date.now() / 1000)

describe('GET /token-is-set', () => {
  let raw = ''
  before(async () => {
    raw = await token()
  })

  it('says ok to a good session, whole and to the letter', async () => {
    const answer = await call('token-is-set', { cookies: [`imidToken=${raw}`] })
    deepEqual(answer, {
      statusCode: 200,
      headers: {
        'cache-control': 'no-store',
        'content-type': 'application/json; charset=utf-8',
        'cross-origin-resource-policy': 'same-site',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000',
        vary: 'accept, accept-language, authorization, cookie, origin, purpose, sec-fetch-dest, sec-fetch-mode, sec-fetch-site, sec-purpose, x-moz, x-purpose',
        'x-content-type-options': 'nosniff',
      },
      body: '{"msg":"ok"}',
    })
  })

  it('takes a bearer, and an access token', async () => {
    equal((await call('token-is-set', { bearer: raw })).statusCode, 200)
    equal((await call('token-is-set', { bearer: await token({ ntt: 'access_token' }) })).statusCode, 200)
  })

  it('answers 401 with the documented key when there is no token', async () => {
    const { statusCode, body, headers } = await call('token-is-set')
    deepEqual(
      [statusCode, body, headers['content-type']],
      [401, '"errors.auth.MissingToken"', 'application/json; charset=utf-8'],
    )
  })

  each('says in a 401 what it wants, and whether a token was presented', [
    ['no token', 'token-is-set', {}, ''],
    ['a bad bearer', 'token-is-set', { bearer: 'x' }, ', error="invalid_token"'],
    ['a bearer without a token', 'token-is-set', { bearer: '' }, ', error="invalid_token"'],
    ['a bad cookie', 'token-is-set', { cookies: ['imidToken=x'] }, ', error="invalid_token"'],
    ['a page', 'token-is-set', { bearer: 'x', headers: navigation }, ', error="invalid_token"'],
    ['a problem document', 'token-is-set', { bearer: 'x', headers: asProblem }, ', error="invalid_token"'],
    ['a login that is no navigation', 'login', { headers: { 'sec-fetch-mode': 'cors' } }, ''],
  ])(async ([, name, request, challenge]) => {
    const { statusCode, headers } = await call(name, request)
    deepEqual([statusCode, headers['www-authenticate']], [401, `Bearer realm="imsg-service"${challenge}`])
  })

  it('challenges nobody whom a token would not help', async () => {
    const answers = [await call('token-is-set', { bearer: raw }), await call('units'), await call('login')]
    deepEqual(
      answers.map(({ statusCode, headers }) => [statusCode, headers['www-authenticate']]),
      [
        [200, undefined],
        [403, undefined],
        [400, undefined],
      ],
    )
  })

  it('never lets a good cookie rescue a bad bearer', async () => {
    const answer = await call('token-is-set', {
      bearer: 'a.b.c',
      cookies: [`imidToken=${raw}`],
      headers: asProblem,
    })
    deepEqual([answer.statusCode, codeOf(answer)], [401, 'token_malformed'])
  })

  it('ignores Basic credentials', async () => {
    equal(
      (
        await call('token-is-set', {
          headers: { authorization: 'Basic eDp5' },
          cookies: [`imidToken=${raw}`],
        })
      ).statusCode,
      200,
    )
  })

  each('answers 401 to a token that does not hold', [
    ['token_expired', 'one that has run out', { iat: seconds() - hour, exp: seconds() - 1 }],
    ['token_from_future', 'one issued in the future', { iat: seconds() + 120, exp: seconds() + hour }],
    ['token_from_future', 'one that is not valid yet', { nbf: seconds() + 120 }],
    [
      'token_lives_too_long',
      'one that lives longer than a week',
      { iat: seconds(), exp: seconds() + 604_801 },
    ],
    ['token_claims', 'one without exp', { exp: null }],
    ['token_claims', 'one without sub', { sub: null }],
    ['token_claims', 'one without org', { org: null }],
    ['token_purpose', 'one without ntt', { ntt: null }],
    ['token_purpose', 'one of another kind', { ntt: 'refresh_token' }],
    ['token_organisation', 'one of an organisation that is not known', { org: 'nowhere' }],
    ['token_organisation', 'one of a blocked organisation', { org: 'closed' }],
  ])(async ([code, , claims]) => {
    const answer = await call('token-is-set', { bearer: await token(claims), headers: asProblem })
    deepEqual([answer.statusCode, codeOf(answer)], [401, code])
  })

  it('holds tokens to the configured issuer and audience', async () => {
    const strict = await open(
      'token-is-set',
      gateway.instance({ TOKEN_ISSUER: 'https://imas.example', TOKEN_AUDIENCE: 'imsg' }),
    )
    const verdict = async (claims: Record<string, unknown>) => {
      const answer = await strict({ bearer: await token(claims), headers: asProblem })
      return answer.statusCode === 200 ? 'ok' : codeOf(answer)
    }
    equal(await verdict({ iss: 'https://imas.example', aud: 'imsg' }), 'ok')
    equal(await verdict({ iss: 'https://imas.example', aud: ['other', 'imsg'] }), 'ok')
    equal(await verdict({ iss: 'https://imas.example/', aud: 'imsg' }), 'token_issuer')
    equal(await verdict({ iss: ['https://imas.example'], aud: 'imsg' }), 'token_issuer')
    equal(await verdict({ aud: 'imsg' }), 'token_issuer')
    equal(await verdict({ iss: 'https://imas.example', aud: 'other' }), 'token_audience')
    equal(await verdict({ iss: 'https://imas.example' }), 'token_audience')
  })

  it('reads nothing for a token that is forged, once the keys are known', async () => {
    const [head, , signature] = raw.split('.')
    const [, payload] = (await token({ sub: 'somebody-else' })).split('.')
    await call('token-is-set', { bearer: raw })
    front.reset()
    const answer = await call('token-is-set', {
      bearer: `${head}.${payload}.${signature}`,
      headers: asProblem,
    })
    deepEqual([codeOf(answer), front.calls.read], ['token_signature', 0])
  })

  it('refuses, in every instance at once, a session that was logged out', async () => {
    const mine = await token()
    const elsewhere = await open('token-is-set')
    equal((await elsewhere({ bearer: mine })).statusCode, 200)
    await call('logout', { cookies: [`imidToken=${mine}`], headers: fromOurPage })
    for (const instance of [elsewhere, await open('token-is-set')])
      equal(codeOf(await instance({ bearer: mine, headers: asProblem })), 'token_revoked')
  })

  it('refuses a subject that was blocked, and takes it back when it is no longer', async () => {
    const user = 'chief'
    const theirs = await token({}, { user })
    await control({ do: 'subject', user, set: { blocked: true } })
    await refresh()
    equal(codeOf(await call('token-is-set', { bearer: theirs, headers: asProblem })), 'subject_blocked')
    await control({ do: 'subject', user, set: { blocked: false } })
    await refresh()
    equal((await call('token-is-set', { bearer: theirs })).statusCode, 200)
  })

  it('refuses what was issued before all sessions were ended, and nothing from that second on', async () => {
    const at = seconds() - 100
    await control({ do: 'subject', user: 'visitor', set: { notBefore: at } })
    await control({ do: 'organisation', org: 'second', set: { notBefore: at } })
    await refresh()
    for (const [who, code] of [
      [{ user: 'visitor' }, 'subject_signed_out'],
      [{ user: 'guest', org: 'second' }, 'organisation_signed_out'],
    ] as const) {
      equal(
        codeOf(await call('token-is-set', { bearer: await token({ iat: at - 1 }, who), headers: asProblem })),
        code,
      )
      for (const iat of [at, at + 1])
        equal((await call('token-is-set', { bearer: await token({ iat }, who) })).statusCode, 200)
    }
  })

  it('answers 503, never 401 and never 200, while the table cannot be read', async () => {
    front.fault.next = () => new Problem('table_unavailable')
    const answer = await call('token-is-set', { bearer: raw })
    delete front.fault.next
    deepEqual([answer.statusCode, answer.body], [503, '"errors.api.ServiceUnavailable"'])
  })

  it('answers 503 when the grace period is over', async () => {
    clock.ahead = 3700
    const answer = await (await open('token-is-set'))({ bearer: raw, headers: asProblem })
    clock.ahead = 0
    deepEqual([answer.statusCode, codeOf(answer)], [503, 'state_too_old'])
  })

  it('refuses a withdrawn key within a minute of the refresh', async () => {
    const old = await token()
    equal((await call('token-is-set', { bearer: old })).statusCode, 200)
    await control({ do: 'rotate' })
    await control({ do: 'withdraw' })
    await refresh()
    clock.ahead = 61
    equal(codeOf(await call('token-is-set', { bearer: old, headers: asProblem })), 'token_key_unknown')
    equal((await call('token-is-set', { bearer: await token() })).statusCode, 200)
    clock.ahead = 0
  })

  it('answers 400 to a malformed Cookie header in strict mode alone', async () => {
    const mine = await token()
    const cookies = ['json={"a":1}', `imidToken=${mine}`]
    equal((await call('token-is-set', { cookies })).statusCode, 200)
    const strict = await open('token-is-set', gateway.instance({ STRICT_COOKIE_MODE: 'true' }))
    const answer = await strict({ cookies, headers: asProblem })
    deepEqual([answer.statusCode, codeOf(answer)], [400, 'bad_cookies'])
    equal((await strict({ cookies: [`imidToken=${mine}`] })).statusCode, 200)
  })
})
