import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Answer } from '../../lib/http/messages.ts'
import { sealOf } from '../../lib/session/seal.ts'
import {
  asProblem,
  browser,
  cleared,
  codeOf,
  crumb,
  fromOurPage,
  navigation,
  openGateway,
  type Request,
  set,
} from '../support/gateway.ts'
import { refused, standing } from '../support/refused.ts'

const gateway = await openGateway()
const still = standing(gateway)
const { token, instance } = gateway
let mine = ''
let theirs = ''
let foreign = ''
before(async () => {
  mine = await token()
  theirs = await token({ jti: 'planted' })
  foreign = await token({ jti: 'planted' }, { user: 'guest' })
})

const sealed = (person: { org: string; subject: string }): string => `__Host-imsg-seal=${sealOf(person)}`
const editor = { org: 'demo', subject: '' }

/** The slots that an answer clears, as `Domain Path`. */
const slots = (answer: Answer): string[] =>
  (answer.cookies ?? [])
    .map(crumb)
    .filter(({ name, value }) => name === 'imidToken' && value === '')
    .map(({ attributes }) => {
      const of = (name: string) =>
        attributes.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1)
      return `${of('Domain') ?? '-'} ${of('Path')}`
    })

const own = '- /'
const shared = 'example.test /imsg-service/v1'

describe('Session cookies at a gateway that sealed the session', () => {
  /** The editor's claims decide the seal; `good` is the genuine session, `foreign` the planter's. */
  const poll = async (values: readonly string[], seal = sealed(editor)) =>
    still.call('token-is-set', {
      cookies: [...values.map((value) => `imidToken=${value}`), seal],
      headers: asProblem,
    })

  before(() => {
    editor.subject = JSON.parse(Buffer.from(mine.split('.')[1] ?? '', 'base64url').toString()).sub
  })

  it('count alone, and clear nothing, when there is one of the sealed person', async () => {
    const answer = await poll([mine])
    deepEqual([answer.statusCode, answer.cookies], [200, undefined])
  })

  it("keep the person signed in and clear every slot but the gateway's own, whatever is beside them", async () => {
    for (const values of [
      [mine, foreign],
      [foreign, mine],
      ['x', mine],
      ['', mine],
      [mine, mine],
    ]) {
      const answer = await poll(values)
      equal(answer.statusCode, 200)
      const cleared = slots(answer)
      ok(cleared.includes(shared) && !cleared.includes(own), cleared.join())
    }
  })

  it('refuse another person alone, with a login to offer, and leave the own slot to them', async () => {
    const answer = await poll([foreign])
    const { code, login } = JSON.parse(answer.body ?? '{}')
    deepEqual([answer.statusCode, code], [401, 'session_of_another_person'])
    match(login, /\/org\/second\/login\?callback=/)
    ok(slots(answer).includes(shared) && !slots(answer).includes(own))
  })

  it('refuse everybody when the seal is empty, malformed or there twice', async () => {
    for (const seal of [
      '__Host-imsg-seal=',
      '__Host-imsg-seal=x',
      `${sealed(editor)}; ${sealed({ org: 'demo', subject: 'x' })}`,
    ])
      equal(codeOf(await poll([mine], seal)), 'session_of_another_person')
  })

  it('count by the latest iat among those of the person that verify and were not ended', async () => {
    const { call, now } = gateway
    const at = (jti: string, ago: number, groups: string[]) => token({ jti, iat: now() - ago, groups })
    const old = await at('old', 50, ['north-desk'])
    const recent = await at('recent', 30, [])
    const latest = await at('latest', 10, ['chiefs'])
    const forged = `${latest.split('.').slice(0, 2).join('.')}.${recent.split('.')[2]}`
    const cookies = [old, forged, latest, recent].map((raw) => `imidToken=${raw}`)
    const held = async (): Promise<number> => {
      const answer = await call('units', { cookies: [...cookies, sealed(editor)] })
      return JSON.parse(answer.body ?? '').units.length
    }
    const counts = [await held()]
    for (const raw of [latest, recent]) {
      await call('logout', { bearer: raw })
      counts.push(await held())
    }
    deepEqual(counts, [3, 0, 1], 'units of the latest, the recent and the old one')
    await call('logout', { bearer: old })
    const ended = await call('token-is-set', { cookies: [...cookies, sealed(editor)], headers: asProblem })
    equal(codeOf(ended), 'token_revoked')
  })

  it('are no session when there is nothing but rubbish', async () =>
    equal(codeOf(await poll(['x', ''])), 'token_malformed'))

  it('ask for no keys when one of several names an unknown key', async () => {
    const [header, payload, signature] = (await token()).split('.')
    const kid = { ...JSON.parse(Buffer.from(header ?? '', 'base64url').toString()), kid: 'unknown' }
    const unknown = [Buffer.from(JSON.stringify(kid)).toString('base64url'), payload, signature].join('.')
    gateway.asked.times = 0
    equal((await poll([unknown, mine])).statusCode, 200)
    equal(gateway.asked.times, 0)
  })

  it('are judged by the older rule when SESSION_SEAL is off', async () => {
    const unsealed = await gateway.open('token-is-set', instance({ SESSION_SEAL: 'off' }))
    const answer = await unsealed({ cookies: [`imidToken=${foreign}`, sealed(editor)] })
    equal(answer.statusCode, 200)
  })

  it('do not matter to a bearer', async () => {
    const answer = await still.call('token-is-set', { bearer: foreign, cookies: [sealed(editor)] })
    equal(answer.statusCode, 200)
  })
})

describe('Session cookies without a seal', () => {
  it('sign nobody in and are cleared in every slot when there are two, in several headers or in one', async () => {
    const two = (one: string, other: string) => [`imidToken=${one}`, `imidToken=${other}`]
    const unit = { body: '{"unit":"north"}', headers: { ...fromOurPage, 'content-type': 'application/json' } }
    for (const [name, request] of [
      ['token-is-set', { cookies: two(theirs, mine) }],
      ['token-is-set', { cookies: two('x', mine) }],
      ['token-is-set', { cookies: two(mine, '') }],
      ['token-is-set', { cookies: [`a=1; ${two(mine, foreign).join('; ')}; b=2`] }],
      ['units', { cookies: two(mine, foreign) }],
      ['unit', { ...unit, cookies: two(mine, foreign) }],
    ] as const) {
      const call = (sent: Request) => still.call(name, sent)
      const answer = await refused(gateway, name, { request, codes: ['token_duplicate'], token: mine, call })
      const wanted = [own, shared, 'gw.example.test /', 'example.test /']
      deepEqual(
        wanted.filter((slot) => !slots(answer).includes(slot)),
        [],
        'slots that are not cleared',
      )
    }
  })
})

describe('The seal', () => {
  const finish = async (cookies: readonly string[] = [], settings = {}) => {
    const person = browser()
    const query = await gateway.begin(person)
    query.set('imid_token', mine)
    const callback = await gateway.open('callback', instance(settings))
    return callback({
      query: query.toString(),
      cookies: [...person.pairs(), ...cookies],
      headers: navigation,
    })
  }

  it('is set with the session, for as long, on this host alone', async () => {
    const answer = await finish()
    const [session, seal] = set(answer)
    deepEqual([session?.name, seal?.name, seal?.value], ['imidToken', '__Host-imsg-seal', sealOf(editor)])
    deepEqual(seal?.attributes, [session?.attributes[0], 'Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax'])
    deepEqual(slots(answer), [], 'a first login clears nothing')
  })

  it('is not set when SESSION_SEAL is off', async () => {
    ok(!JSON.stringify(await finish([], { SESSION_SEAL: 'off' })).includes('imsg-seal'))
  })

  it('comes with a clean jar: a login clears the other slots when the request brought a session cookie', async () => {
    const cleared = slots(await finish([`imidToken=${theirs}`], { COOKIE_DOMAIN: 'example.test' }))
    ok(
      cleared.includes(own) && cleared.includes(shared) && !cleared.includes('example.test /'),
      cleared.join(),
    )
  })

  it('goes with the session at a logout, which decides by it where the person may go', async () => {
    const [raw, guest] = [await token({ jti: 'sealed' }), await token({ jti: 'planted' }, { user: 'guest' })]
    const answer = await gateway.call('logout', {
      cookies: [`imidToken=${guest}`, `imidToken=${raw}`, sealed(editor)],
      query: 'callback=https%3A%2F%2Fapp.example.test%2F',
      headers: fromOurPage,
    })
    deepEqual([answer.statusCode, answer.headers.location], [303, 'https://app.example.test/'])
    ok(cleared(answer).includes('__Host-imsg-seal') && slots(answer).includes(own))
  })
})

describe('A session cookie of a name that only its own host can set', () => {
  const hosted = { COOKIE_NAME: '__Host-sid' }

  it('is read under that name alone, letter for letter', async () => {
    const call = await gateway.open('token-is-set', instance(hosted))
    for (const name of [
      ...['__host-sid', '__HOST-sid', '__Host-SID', '__Host%2Dsid'],
      ...['\u2000__Host-sid', '\t__Host-sid', '__Host-sid '],
    ]) {
      equal((await call({ cookies: [`${name}=${mine}`] })).statusCode, 401, name)
      equal((await call({ cookies: [`${name}=${theirs}`, `__Host-sid=${mine}`] })).statusCode, 200, name)
    }
  })

  it('is taken away in the one variant that there is', async () => {
    const call = await gateway.open('token-is-set', instance(hosted))
    const answer = await call({ cookies: [`__Host-sid=${mine}`, `__Host-sid=${theirs}`] })
    deepEqual(answer.cookies, ['__Host-sid=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'])
  })
})

describe('The slots that are cleared', () => {
  it('keep the headers of one answer below 8 kB, however many there are', async () => {
    const deep = instance({ PUBLIC_URL: 'https://a.b.c.d.e.f.example.test' })
    const answer = await (await gateway.open('token-is-set', deep))({
      cookies: [`imidToken=${mine}`, `imidToken=${foreign}`],
    })
    const bytes =
      JSON.stringify(answer.headers).length + (answer.cookies ?? []).join('set-cookie: \r\n').length
    ok(
      bytes < 8192 && (answer.cookies?.length ?? 0) > 40,
      `${bytes} bytes in ${answer.cookies?.length} cookies`,
    )
  })
})

describe('What cookies can do to an answer', () => {
  it('is nothing: no value of a request stands in a Set-Cookie', async () => {
    const canary = 'canary; Domain=evil.test'
    const cookies = [
      `imidToken=${canary}`,
      `__Host-imsg-login-${canary}=${canary}`,
      `__Host-imsg-login-12345678=${canary}`,
      `__Host-imsg-rounds=${canary}`,
      `__Host-imsg-rounds=zz!12345678.${canary}`,
    ]
    for (const [name, request] of [
      ['login', { query: 'org=demo&callback=/' }],
      ['token-is-set', {}],
      ['logout', { headers: fromOurPage }],
    ] as const) {
      const answer = await still.call(name, { ...request, cookies })
      ok(!/canary|evil/.test(JSON.stringify(answer)), JSON.stringify(answer))
    }
  })
})
