import { deepEqual, equal, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { checkCookieGrammar, cookies } from '../../lib/http/cookies.ts'
import { codeOf as codeOfError } from '../../lib/problem.ts'
import { unverifiedToken } from '../../lib/session/token.ts'
import { browser, cleared, fromOurPage, openGateway } from '../support/gateway.ts'
import { refused, standing } from '../support/refused.ts'
import { unpacked } from '../support/spellings.ts'
import vectors from '../vectors/cookies.json' with { type: 'json' }

const gateway = await openGateway()
const still = standing(gateway)
const strict = standing(gateway, { STRICT_COOKIE_MODE: 'true' })
let raw = ''
before(async () => {
  raw = await gateway.token()
})

const codeFor = (work: () => unknown): string => {
  try {
    work()
    return 'taken'
  } catch (error) {
    return codeOfError(error)
  }
}
const values = (...header: string[]): readonly string[] => cookies(header).values('imidToken')

describe('A Cookie header', () => {
  it('gives our cookie beside any other, however malformed', () => {
    for (const pair of unpacked(vectors.foreign)) {
      for (const header of [
        [pair, 'imidToken=x'],
        ['imidToken=x', pair],
        [`${pair}; imidToken=x`],
        [`imidToken=x;${pair}`],
      ])
        deepEqual(values(...header), ['x'], JSON.stringify(header))
      deepEqual(values(pair), [], JSON.stringify(pair))
    }
  })

  it('gives no cookie whose name only looks like ours', () => {
    for (const pair of [...unpacked(vectors['not ours']), ' imidToken={token}', 'a=1;  imidToken={token}'])
      deepEqual(values(pair), [], JSON.stringify(pair))
  })

  it('gives the value as it was sent: neither trimmed, unquoted nor decoded, it is no token', () => {
    for (const value of unpacked(vectors['not a token'])) {
      const sent = value.replaceAll('{token}', raw).replace('{rest}', raw.slice(1))
      deepEqual(values(`imidToken=${sent}`), [sent], JSON.stringify(value))
      equal(
        codeFor(() => unverifiedToken(sent)),
        'token_malformed',
        JSON.stringify(value),
      )
    }
  })

  it('has no effect on the answer for what in it belongs to others', async () => {
    const sixty = Array.from({ length: 60 }, (_, index) => `c${index}={"a":${index}}`)
    for (const sent of [
      [...sixty, `imidToken=${raw}`],
      [`a="b; imidToken=${raw}; {"raw":"json"}`],
      [`a=1;imidToken=${raw}`],
    ])
      equal(
        (await still.call('token-is-set', { cookies: sent })).statusCode,
        200,
        JSON.stringify(sent).slice(0, 80),
      )
    await refused(gateway, 'token-is-set', { request: { cookies: ['a="b'] }, codes: ['token_missing'] })
    await refused(gateway, 'token-is-set', {
      request: { cookies: [`imidToken="${raw}"`] },
      codes: ['token_malformed'],
      token: raw,
    })

    const person = browser()
    const query = `${await gateway.begin(person)}&imid_token=${raw}`
    const done = await still.call('callback', {
      query,
      cookies: ['{"raw":"json"}', ...person.pairs(), 'a="b'],
    })
    equal(done.statusCode, 302)
  })
})

describe('STRICT_COOKIE_MODE', () => {
  it('takes what keeps to the grammar of RFC 6265, and nothing else', () => {
    for (const header of unpacked(vectors.proper))
      equal(
        codeFor(() => checkCookieGrammar([header, `${header}; b=1`])),
        'taken',
        JSON.stringify(header),
      )
    for (const header of unpacked(vectors['breaks the grammar']))
      equal(
        codeFor(() => checkCookieGrammar(['b=1', header])),
        'bad_cookies',
        JSON.stringify(header),
      )
  })

  it('answers 400 at every route that reads cookies', async () => {
    for (const [name, more] of [
      ['token-is-set', {}],
      ['units', {}],
      ['login', { query: 'org=demo&callback=/' }],
      ['callback', { query: `serviceCallback=/&imid_token=${raw}` }],
      ['unit', { headers: { ...fromOurPage, 'content-type': 'application/json' }, body: '{"unit":null}' }],
    ] as const)
      await refused(gateway, name, {
        request: { ...more, cookies: ['theme={"a": 1}', `imidToken=${raw}`] },
        codes: ['bad_cookies'],
        token: raw,
        call: (sent) => strict.call(name, sent),
      })
    equal((await strict.call('health', { cookies: ['"'] })).statusCode, 200, 'health reads no cookie')
  })

  it('asks nothing of a request without cookies', async () => {
    for (const more of [{}, { cookies: [] }])
      equal((await strict.call('token-is-set', { bearer: raw, ...more })).statusCode, 200)
    equal((await strict.call('login', { query: 'org=demo&callback=/' })).statusCode, 302)
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
    ok(cleared(answer).includes('imidToken'), 'the cookie stays')
    equal((await gateway.call('token-is-set', { bearer: leaving })).statusCode, 401)
  })
})
