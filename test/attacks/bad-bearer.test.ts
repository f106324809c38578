import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forged } from '../support/forger.ts'
import { codeOf, type Request, set } from '../support/gateway.ts'
import { openForgedGateway } from '../support/present.ts'

const gateway = await openForgedGateway()
const good = forged()
/** What would be good without the bearer: a cookie, and no Origin, which a cookie needs on a POST and a bearer does not. */
const beside = (authorization: string): Request => ({
  headers: { authorization, accept: 'application/problem+json', 'content-type': 'application/json' },
  cookies: [`imidToken=${good}`],
  body: '{"unit":null}',
})

describe('A bad bearer', () => {
  for (const authorization of [
    'Bearer',
    'bearer',
    'Bearer ',
    'Bearer  ',
    'Bearer %',
    'Bearer a b',
    'Bearer a.b.c',
    'Bearer\t',
    'Bearer,',
    'Bearer;',
    'Bearer=',
    'Bearer:',
    'Bearer"x"',
    ' Bearer x',
    'Bearer undefined',
    'Bearer null',
    `Bearer\t${good}`,
    `Bearer\n${good}`,
    `Bearer ${good} `,
    `Bearer ${good}\n`,
    `Bearer ${good}, Bearer ${good}`,
    `Bearer, Bearer ${good}`,
    `Bearer ${good},Basic eA==`,
    `Bearer Bearer ${good}`,
    `Bearer "${good}"`,
    `Bearer token=${good}`,
    `BEARER x${good}`,
  ])
    it(`is not rescued by a good cookie: ${JSON.stringify(authorization.replaceAll(good, '<token>'))}`, async () => {
      gateway.front.reset()
      const seen = []
      for (const route of ['token-is-set', 'units', 'unit'] as const) {
        const answer = await gateway.call(route, beside(authorization))
        seen.push([answer.statusCode, codeOf(answer), set(answer)])
      }
      deepEqual(seen, [
        [401, 'token_malformed', []],
        [403, 'token_malformed', []],
        [403, 'token_malformed', []],
      ])
      equal(gateway.front.calls.write, 0)
    })

  for (const authorization of [
    '',
    'Basic eA==',
    `Basic ${good}`,
    `Bearertoken ${good}`,
    `Bearer-Token ${good}`,
    `X-Bearer ${good}`,
    `DPoP ${good}`,
    good,
  ])
    it(`is not seen where there is none, and the cookie answers: ${JSON.stringify(authorization.replaceAll(good, '<token>'))}`, async () => {
      equal((await gateway.call('token-is-set', beside(authorization))).statusCode, 200)
      // The cookie speaks, so the rule against forged requests holds: this one says not where it comes from.
      equal(codeOf(await gateway.call('unit', beside(authorization))), 'foreign_origin')
    })

  for (const scheme of ['Bearer', 'bearer', 'bEaReR', 'Bearer ', 'Bearer    '])
    it(`is good as "${scheme}" with a good token, without asking the cookie`, async () => {
      const request = {
        headers: { authorization: `${scheme} ${good}` },
        cookies: ['imidToken=x', 'imidToken=y'],
      }
      equal((await gateway.call('token-is-set', request)).statusCode, 200)
    })

  it('comes from no query and no body', async () => {
    const request = {
      query: `imid_token=${good}&access_token=${good}&token=${good}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ unit: null, access_token: good }),
    }
    equal((await gateway.call('token-is-set', request)).statusCode, 401)
    equal((await gateway.call('units', request)).statusCode, 403)
    equal((await gateway.call('unit', request)).statusCode, 403)
  })
})
