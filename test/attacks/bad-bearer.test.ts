import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { incoming } from '../../lib/http/messages.ts'
import { each } from '../support/each.ts'
import { forged } from '../support/forger.ts'
import { asProblem, effect, eventOf } from '../support/gateway.ts'
import { openForgedGateway } from '../support/present.ts'

const gateway = await openForgedGateway()
const good = forged()

describe('A bearer', () => {
  each('is whatever follows the scheme and its spaces, good or not, and none in another scheme', [
    ...['Bearer', 'bearer', 'Bearer ', 'Bearer  '].map((header) => [header, ''] as const),
    ...['Bearer t', 'bearer t', 'bEaReR t', 'Bearer    t', ' Bearer t'].map(
      (header) => [header, 't'] as const,
    ),
    ...['a b', 't ', 't\n', 't, Bearer u', 'Bearer t', '"t"'].map(
      (read) => [`Bearer ${read}`, read] as const,
    ),
    ...['\tt', '\nt', ',', '=', ':', '"x"'].map((read) => [`Bearer${read}`, read] as const),
    ...['', 'Basic eA==', 'Basic t', 'Bearertoken t', 'Bearer-Token t', 'X-Bearer t', 'DPoP t', 't'].map(
      (header) => [header, undefined] as const,
    ),
  ])(([authorization, bearer]) =>
    equal(incoming(eventOf('unit', { headers: { authorization } }), 'unit', 0).bearer, bearer),
  )
})

describe('A request with a cookie beside its bearer', () => {
  const routes = ['token-is-set', 'units', 'unit'] as const
  /** What would be good without the bearer: a cookie, and no Origin, which a cookie needs on a POST and a bearer does not. */
  const beside = async (authorization: string): Promise<object[]> => {
    const headers = { ...asProblem, authorization, 'content-type': 'application/json' }
    const request = { headers, cookies: [`imidToken=${good}`], body: '{"unit":null}' }
    gateway.front.reset()
    return Promise.all(routes.map(async (name) => effect(await gateway.call(name, request))))
  }

  each('is refused when the bearer is bad, however good the cookie', [
    'Bearer',
    'Bearer a.b.c',
    `Bearer\t${good}`,
    `Bearer ${good} `,
    `Bearer "${good}"`,
  ])(async (authorization) => {
    const refused = [401, 403, 403].map((status) => ({ status, code: 'token_malformed' }))
    deepEqual(await beside(authorization), refused)
    equal(gateway.front.calls.write, 0)
  })

  it('is answered by the cookie when there is no bearer, and then the rule against forged requests holds', async () =>
    deepEqual(await beside(`Basic ${good}`), [
      { status: 200 },
      { status: 200 },
      { status: 403, code: 'foreign_origin' },
    ]))

  it('is answered by a good bearer, without asking the cookie', async () => {
    const cookies = ['imidToken=x', 'imidToken=y']
    deepEqual(effect(await gateway.call('token-is-set', { bearer: good, cookies })), { status: 200 })
  })

  each(
    'takes no token from a query or a body',
    routes,
  )(async (name) => {
    const query = `imid_token=${good}&access_token=${good}&token=${good}`
    const body = JSON.stringify({ unit: null, access_token: good })
    const headers = { ...asProblem, 'content-type': 'application/json' }
    const { code: told } = effect(await gateway.call(name, { query, headers, body }))
    equal(told, 'token_missing')
  })
})
