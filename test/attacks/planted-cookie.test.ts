import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Answer } from '../../lib/http/messages.ts'
import { sealOf } from '../../lib/session/seal.ts'
import { unverifiedToken } from '../../lib/session/token.ts'
import { each } from '../support/each.ts'
import {
  asProblem,
  browser,
  codeOf,
  crumb,
  effect,
  fromOurPage,
  openGateway,
  type Settings,
} from '../support/gateway.ts'

const gateway = await openGateway()
const { token, instance, call, front } = gateway
const mine = await token()
const theirs = await token({ jti: 'planted' })
const foreign = await token({ jti: 'planted' }, { user: 'guest' })

const seal = `__Host-imsg-seal=${sealOf(unverifiedToken(mine).unverifiedClaims)}`
const sessions = (...values: readonly string[]): string[] => values.map((value) => `imidToken=${value}`)

/** The slots that an answer clears, as `Domain Path`. */
const slots = (answer: Answer): string[] =>
  (answer.cookies ?? []).map(crumb).flatMap(({ name, value, attributes }) => {
    if (name !== 'imidToken' || value !== '') return []
    const of = (which: string) => attributes.find((text) => text.startsWith(which))?.slice(which.length)
    return [`${of('Domain=') ?? '-'} ${of('Path=')}`]
  })
const own = '- /'
const shared = 'example.test /imsg-service/v1'
/** Asserts that other slots are cleared, but not the gateway's own. */
const clearsOthers = (answer: Answer): void => {
  const cleared = slots(answer)
  ok(cleared.includes(shared) && !cleared.includes(own), cleared.join())
}

describe('Session cookies beside a seal cookie', () => {
  const poll = (values: readonly string[], sealed = seal) =>
    call('token-is-set', { cookies: [...sessions(...values), sealed], headers: asProblem })

  each("authenticate the sealed person, and are cleared in every slot but the gateway's own", [
    [mine, foreign],
    [foreign, mine],
    ['x', mine],
    ['', mine],
    [mine, mine],
  ])(async (values) => {
    const answer = await poll(values)
    equal(answer.statusCode, 200)
    clearsOthers(answer)
  })

  it('are refused with a login link when the only one belongs to another person', async () => {
    const answer = await poll([foreign])
    const { code, login } = JSON.parse(answer.body ?? '{}')
    deepEqual([answer.statusCode, code], [401, 'session_of_another_person'])
    match(login, /\/org\/second\/login\?callback=/)
    clearsOthers(answer)
  })

  each('are refused when the seal is empty, malformed or repeated, or when none of them is valid', [
    ['session_of_another_person', [mine], '__Host-imsg-seal='],
    ['session_of_another_person', [mine], '__Host-imsg-seal=x'],
    ['session_of_another_person', [mine], `${seal}; __Host-imsg-seal=x`],
    ['token_malformed', ['x', ''], seal],
    ['token_signature', ['A', 'Q'].map((letter) => mine.replace(/[^.]+$/, `${letter.repeat(341)}A`)), seal],
  ])(async ([code, values, sealed]) => equal(codeOf(await poll(values, sealed)), code))

  it('authenticate by the valid, unrevoked token of the sealed person with the latest iat', async () => {
    const at = (jti: string, ago: number, groups: string[]) =>
      token({ jti, iat: gateway.now() - ago, groups })
    const [old, recent] = [await at('old', 50, ['north-desk']), await at('recent', 30, [])]
    const latest = await at('latest', 10, ['chiefs'])
    const forged = `${latest.split('.').slice(0, 2).join('.')}.${recent.split('.')[2]}`
    const cookies = [...sessions(old, forged, latest, recent), seal]
    const held = async (): Promise<number> =>
      JSON.parse((await call('units', { cookies })).body ?? '').units.length
    const counts = [await held()]
    for (const bearer of [latest, recent]) {
      await call('logout', { bearer })
      counts.push(await held())
    }
    deepEqual(counts, [3, 0, 1], 'units of the latest, the recent and the old one')
    await call('logout', { bearer: old })
    equal(codeOf(await call('token-is-set', { cookies, headers: asProblem })), 'token_revoked')
  })

  it('cause no key set fetch when one of several names an unknown key', async () => {
    const unknown = await token({}, { header: { kid: 'unknown' } })
    gateway.asked.times = 0
    deepEqual([(await poll([unknown, mine])).statusCode, gateway.asked.times], [200, 0])
    deepEqual(effect(await poll([mine])), { status: 200 }, 'and a single one clears nothing')
  })

  it('are not compared with the seal when SESSION_SEAL is off; bearer tokens never are', async () => {
    const unsealed = await gateway.open('token-is-set', instance({ SESSION_SEAL: 'off' }))
    equal((await unsealed({ cookies: [...sessions(foreign), seal] })).statusCode, 200)
    equal((await call('token-is-set', { bearer: foreign, cookies: [seal] })).statusCode, 200)
  })
})

describe('Session cookies without a seal', () => {
  const json = { ...asProblem, ...fromOurPage, 'content-type': 'application/json' }
  each('are refused and cleared in every slot when there are two, in one Cookie header or several', [
    ['token-is-set', { cookies: sessions(theirs, mine) }],
    ['token-is-set', { cookies: sessions(mine, '') }],
    ['token-is-set', { cookies: [`a=1; ${sessions(mine, foreign).join('; ')}; b=2`] }],
    ['unit', { cookies: sessions(mine, foreign), body: '{"unit":"north"}' }],
  ])(async ([name, request]) => {
    front.reset()
    const answer = await call(name, { headers: json, ...request })
    const wanted = [own, shared, 'gw.example.test /', 'example.test /']
    const kept = wanted.filter((slot) => !slots(answer).includes(slot))
    deepEqual([codeOf(answer), kept, front.calls.write], ['token_duplicate', [], 0])
  })
})

describe('The seal cookie', () => {
  const finish = async (settings: Settings, cookies: readonly string[] = []) => {
    const person = browser()
    const query = `${await gateway.begin(person)}&imid_token=${mine}`
    const callback = await gateway.open('callback', instance(settings))
    return callback({ query, cookies: [...person.pairs(), ...cookies] })
  }

  it('is not set when SESSION_SEAL is off', async () =>
    equal(effect(await finish({ SESSION_SEAL: 'off' })).sets, 'imidToken rounds'))

  it('is set, and other slots are cleared only if the request had a session cookie', async () => {
    const cleared = slots(await finish({ COOKIE_DOMAIN: 'example.test' }, sessions(theirs)))
    ok(
      cleared.includes(own) && cleared.includes(shared) && !cleared.includes('example.test /'),
      cleared.join(),
    )
    deepEqual(slots(await finish({})), [], 'a first login clears nothing')
  })

  it('is cleared by a logout, and selects the session that decides on the return URL', async () => {
    const to = 'https://app.example.test/'
    const cookies = [...sessions(foreign, await token()), seal]
    const answer = await call('logout', { cookies, query: `callback=${to}`, headers: fromOurPage })
    deepEqual(effect(answer), { status: 303, to, clears: 'seal imidToken' })
    ok(slots(answer).includes(own))
  })
})

each('No Set-Cookie header contains a value of the request', [
  ['login', { query: 'org=demo&callback=/' }],
  ['token-is-set', {}],
  ['logout', { headers: fromOurPage }],
])(async ([name, request]) => {
  const canary = 'canary; Domain=evil.test'
  const names = ['imidToken', `__Host-imsg-login-${canary}`, '__Host-imsg-login-12345678']
  const rounds = `__Host-imsg-rounds=zz!12345678.${canary}`
  const answer = await call(name, {
    ...request,
    cookies: [...names.map((one) => `${one}=${canary}`), rounds],
  })
  ok(!/canary|evil/.test(JSON.stringify(answer)), JSON.stringify(answer))
})
