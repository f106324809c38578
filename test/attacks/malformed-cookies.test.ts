import { deepEqual, equal, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { browser, cleared, crumb, fromOurPage, openGateway, set } from '../support/gateway.ts'
import { refused, standing } from '../support/refused.ts'
import vectors from '../vectors/cookies.json' with { type: 'json' }

const gateway = await openGateway()
const still = standing(gateway)
const strict = standing(gateway, { STRICT_COOKIE_MODE: 'true' })
let raw = ''
before(async () => {
  raw = await gateway.token()
})

describe('the malformed cookie of another service', () => {
  for (const pair of vectors.foreign)
    it(`has no effect: ${JSON.stringify(pair)}`, async () => {
      for (const cookies of [
        [pair, `imidToken=${raw}`],
        [`imidToken=${raw}`, pair],
        [`${pair}; imidToken=${raw}`],
        [`imidToken=${raw};${pair}`],
      ])
        deepEqual(
          (await still.call('token-is-set', { cookies })).body,
          '{"msg":"ok"}',
          JSON.stringify(cookies),
        )
      equal((await still.call('token-is-set', { cookies: [pair] })).statusCode, 401)

      const person = browser()
      const begun = await gateway.begin(person)
      const done = await still.call('callback', {
        query: `${begun}&imid_token=${raw}`,
        cookies: [pair, ...person.pairs(), pair],
      })
      equal(done.statusCode, 302)
    })

  it('may come sixty times', async () => {
    const sixty = Array.from({ length: 60 }, (_, index) => `c${index}={"a":${index}}`)
    for (const cookies of [
      [...sixty, `imidToken=${raw}`],
      [`imidToken=${raw}`, ...sixty],
      [[...sixty, `imidToken=${raw}`].join('; ')],
    ])
      equal((await still.call('token-is-set', { cookies })).statusCode, 200)
  })
})

describe('STRICT_COOKIE_MODE', () => {
  for (const header of vectors['breaks the grammar'])
    it(`answers 400 to ${JSON.stringify(header)}`, async () => {
      for (const [name, more] of [
        ['token-is-set', {}],
        ['units', {}],
        ['login', { query: 'org=demo&callback=/' }],
        ['callback', { query: `serviceCallback=/&imid_token=${raw}` }],
        ['unit', { headers: { ...fromOurPage, 'content-type': 'application/json' }, body: '{"unit":null}' }],
      ] as const)
        for (const cookies of [[header], [header, `imidToken=${raw}`]])
          await refused(gateway, name, {
            request: { ...more, cookies },
            codes: ['bad_cookies'],
            token: raw,
            call: (sent) => strict.call(name, sent),
          })
    })

  it('asks nothing of a request without cookies', async () => {
    for (const more of [{}, { cookies: [] }])
      equal((await strict.call('token-is-set', { bearer: raw, ...more })).statusCode, 200)
  })

  it('lets nobody be kept from signing out by the cookie of somebody else', async () => {
    const leaving = await gateway.token({ jti: 'leaving' })
    const answer = await refused(gateway, 'logout', {
      request: { headers: fromOurPage, cookies: ['theme={"a": 1}', `imidToken=${leaving}`] },
      codes: ['bad_cookies'],
      token: leaving,
      mayWrite: true,
      call: await gateway.open('logout', gateway.instance({ STRICT_COOKIE_MODE: 'true' })),
    })
    ok(cleared(answer).includes('imidToken'))
    equal((await gateway.call('token-is-set', { bearer: leaving })).statusCode, 401)
  })

  for (const header of vectors.proper)
    it(`takes ${header}`, async () => {
      for (const cookies of [
        [header, `imidToken=${raw}`],
        [`${header}; imidToken=${raw}`],
        [`imidToken=${raw}; ${header}`],
      ])
        equal((await strict.call('token-is-set', { cookies })).statusCode, 200)
    })

  it('takes a request without cookies', async () => {
    equal((await strict.call('login', { query: 'org=demo&callback=/' })).statusCode, 302)
  })

  it('keeps out of health, which reads no cookie', async () => {
    equal((await strict.call('health', { cookies: ['"'] })).statusCode, 200)
  })
})

describe('a header full of logins that were never finished', () => {
  const age = (index: number) => (gateway.now() - 1700 + index).toString(36)
  const stale = Array.from(
    { length: 110 },
    (_, index) => `__Host-imsg-login-${String(index).padStart(8, 'A')}=${age(index)}!demo!${'a'.repeat(43)}`,
  )

  it('does not hide the session', async () => {
    ok(stale.join('; ').length > 9000)
    equal((await still.call('token-is-set', { cookies: [...stale, `imidToken=${raw}`] })).statusCode, 200)
  })

  it('shrinks with every new login, the newest spared, until a handful is left', async () => {
    const person = browser()
    for (const pair of stale) person.cookies.set(...(pair.split(/=(.*)/s).slice(0, 2) as [string, string]))
    const begun: string[] = []
    let left = person.pairs().length
    for (let round = 0; left > 5; round++) {
      ok(round < 7, `${left} left`)
      gateway.clock.ahead = round
      const answer = await still.call('login', { query: 'org=demo&callback=/', cookies: person.pairs() })
      ok((answer.cookies?.join('').length ?? 0) < 4096)
      const gone = (answer.cookies ?? []).map(crumb).filter(({ value }) => value === '')
      ok(gone.length > 0)
      ok(!gone.some(({ name }) => begun.slice(-4).includes(name)), 'the newest stay')
      begun.push(...set(answer).map(({ name }) => name))
      person.take(answer)
      left = person.pairs().length
    }
    equal(left, 5)
  })

  it('is left alone where a name is not one that we give', async () => {
    const odd = ['__Host-imsg-login-=x', '__Host-imsg-login-short=x', '__Host-imsg-login-way-too-long=x']
    const answer = await still.call('login', {
      query: 'org=demo&callback=/',
      cookies: [...odd, ...odd, ...odd],
    })
    equal(answer.cookies?.length, 1)
  })
})
