import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkCookieGrammar, cookies } from '../../lib/http/cookies.ts'
import { codeOf as codeOfError } from '../../lib/problem.ts'
import { unverifiedToken } from '../../lib/session/token.ts'
import { each } from '../support/each.ts'
import { browser, cleared, fromOurPage, openGateway } from '../support/gateway.ts'
import { refused, standing } from '../support/refused.ts'
import { unpacked } from '../support/spellings.ts'
import vectors from '../vectors/cookies.json' with { type: 'json' }

const gateway = await openGateway()
const still = standing(gateway)
const strict = standing(gateway, { STRICT_COOKIE_MODE: 'true' })
const raw = await gateway.token()

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
  each(
    'gives our cookie beside any other, however malformed',
    unpacked(vectors.foreign),
  )((pair) => {
    deepEqual(values(pair), [])
    const [one, other] = [`${pair}; imidToken=x`, `imidToken=x;${pair}`]
    for (const header of [[pair, 'imidToken=x'], ['imidToken=x', pair], [one], [other]])
      deepEqual(values(...header), ['x'], JSON.stringify(header))
  })

  each('gives no cookie whose name only looks like ours', [
    ...[...unpacked(vectors['not ours']), ' imidToken={token}', 'a=1;  imidToken={token}'],
  ])((pair) => deepEqual(values(pair), []))

  each(
    'gives the value as it was sent: neither trimmed, unquoted nor decoded, it is no token',
    unpacked(vectors['not a token']),
  )((value) => {
    const sent = value.replaceAll('{token}', raw).replace('{rest}', raw.slice(1))
    deepEqual(values(`imidToken=${sent}`), [sent])
    equal(
      codeFor(() => unverifiedToken(sent)),
      'token_malformed',
    )
  })

  each('has no effect on the answer for what in it belongs to others', [
    [...Array.from({ length: 60 }, (_, index) => `c${index}={"a":${index}}`), `imidToken=${raw}`],
    [`a="b; imidToken=${raw}; {"raw":"json"}`],
    [`a=1;imidToken=${raw}`],
  ])(async (cookies) => equal((await still.call('token-is-set', { cookies })).statusCode, 200))

  it('has none on a login either', async () => {
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
  each('takes what keeps to the grammar of RFC 6265, and nothing else', [
    ...unpacked(vectors.proper).map((header) => ['taken', header] as const),
    ...unpacked(vectors['breaks the grammar']).map((header) => ['bad_cookies', header] as const),
  ])(([code, header]) =>
    equal(
      codeFor(() => checkCookieGrammar(['b=1', header, ...(code === 'taken' ? [`${header}; b=1`] : [])])),
      code,
    ),
  )

  each('answers 400 at every route that reads cookies', [
    ['token-is-set', {}],
    ['units', {}],
    ['login', { query: 'org=demo&callback=/' }],
    ['callback', { query: `serviceCallback=/&imid_token=${raw}` }],
    ['unit', { headers: { ...fromOurPage, 'content-type': 'application/json' }, body: '{"unit":null}' }],
  ])(async ([name, more]) => {
    const request = { ...more, cookies: ['theme={"a": 1}', `imidToken=${raw}`] }
    const call = (sent: object) => strict.call(name, sent)
    await refused(gateway, name, { request, codes: ['bad_cookies'], token: raw, call })
  })

  it('asks nothing of health, nor of a request without cookies', async () => {
    for (const more of [{}, { cookies: [] }])
      equal((await strict.call('token-is-set', { bearer: raw, ...more })).statusCode, 200)
    equal((await strict.call('health', { cookies: ['"'] })).statusCode, 200)
  })

  it('lets nobody be kept from signing out by the cookie of somebody else', async () => {
    const leaving = await gateway.token()
    const request = { headers: fromOurPage, cookies: ['theme={"a": 1}', `imidToken=${leaving}`] }
    const call = await gateway.open('logout', gateway.instance({ STRICT_COOKIE_MODE: 'true' }))
    const how = { request, codes: ['bad_cookies'], token: leaving, mayWrite: true, call } as const
    ok(cleared(await refused(gateway, 'logout', how)).includes('imidToken'), 'the cookie stays')
    equal((await gateway.call('token-is-set', { bearer: leaving })).statusCode, 401)
  })
})
