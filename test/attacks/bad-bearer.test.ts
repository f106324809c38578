import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { incoming } from '../../lib/http/messages.ts'
import { forged } from '../support/forger.ts'
import { asProblem, codeOf, eventOf, type Request, set } from '../support/gateway.ts'
import { openForgedGateway } from '../support/present.ts'

const gateway = await openForgedGateway()
const good = forged()

/** The bearer that stands in this header. */
const bearerIn = (authorization: string): string | undefined =>
  incoming(eventOf('unit', { headers: { authorization } }), 'unit', 0).bearer

describe('A bearer', () => {
  it('is whatever follows the scheme and its spaces, good or not', () => {
    const read: Readonly<Record<string, string>> = {
      ...Object.fromEntries(['Bearer', 'bearer', 'Bearer ', 'Bearer  '].map((none) => [none, ''])),
      ...Object.fromEntries(
        ['Bearer', 'bearer', 'bEaReR', 'Bearer   '].map((scheme) => [`${scheme} t`, 't']),
      ),
      ' Bearer x': 'x',
      'Bearer a b': 'a b',
      'Bearer t ': 't ',
      'Bearer t\n': 't\n',
      'Bearer t, Bearer u': 't, Bearer u',
      'Bearer Bearer t': 'Bearer t',
      'Bearer "t"': '"t"',
      'Bearer\tt': '\tt',
      'Bearer\nt': '\nt',
      'Bearer,': ',',
      'Bearer=': '=',
      'Bearer:': ':',
      'Bearer"x"': '"x"',
    }
    for (const [header, bearer] of Object.entries(read))
      equal(bearerIn(header), bearer, JSON.stringify(header))
  })

  it('is none in another scheme', () => {
    for (const header of [
      '',
      'Basic eA==',
      'Basic t',
      'Bearertoken t',
      'Bearer-Token t',
      'X-Bearer t',
      'DPoP t',
      't',
    ])
      equal(bearerIn(header), undefined, JSON.stringify(header))
  })
})

describe('A request with a cookie beside its bearer', () => {
  /** What would be good without the bearer: a cookie, and no Origin, which a cookie needs on a POST and a bearer does not. */
  const beside = (authorization: string): Request => ({
    headers: { ...asProblem, authorization, 'content-type': 'application/json' },
    cookies: [`imidToken=${good}`],
    body: '{"unit":null}',
  })

  it('is refused when the bearer is bad, however good the cookie', async () => {
    for (const authorization of [
      'Bearer',
      'Bearer a.b.c',
      `Bearer\t${good}`,
      `Bearer ${good} `,
      `Bearer "${good}"`,
    ]) {
      gateway.front.reset()
      const seen: Record<string, unknown> = {}
      for (const route of ['token-is-set', 'units', 'unit'] as const) {
        const answer = await gateway.call(route, beside(authorization))
        seen[route] = { status: answer.statusCode, code: codeOf(answer), cookies: set(answer) }
      }
      const malformed = (status: number) => ({ status, code: 'token_malformed', cookies: [] })
      deepEqual(seen, { 'token-is-set': malformed(401), units: malformed(403), unit: malformed(403) })
      equal(gateway.front.calls.write, 0)
    }
  })

  it('is answered by the cookie when there is no bearer, and then the rule against forged requests holds', async () => {
    equal((await gateway.call('token-is-set', beside(`Basic ${good}`))).statusCode, 200)
    equal(codeOf(await gateway.call('unit', beside(`Basic ${good}`))), 'foreign_origin')
  })

  it('is answered by a good bearer, without asking the cookie', async () => {
    const cookies = ['imidToken=x', 'imidToken=y']
    equal((await gateway.call('token-is-set', { bearer: good, cookies })).statusCode, 200)
  })

  it('takes no token from a query or a body', async () => {
    const request = {
      query: `imid_token=${good}&access_token=${good}&token=${good}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ unit: null, access_token: good }),
    }
    for (const [route, status] of [
      ['token-is-set', 401],
      ['units', 403],
      ['unit', 403],
    ] as const)
      equal((await gateway.call(route, request)).statusCode, status, route)
  })
})
