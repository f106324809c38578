import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { incoming } from '../../lib/http/messages.ts'
import { each } from '../support/each.ts'
import { forged } from '../support/forger.ts'
import { asProblem, effect, eventOf } from '../support/gateway.ts'
import { openForgedGateway } from '../support/present.ts'

each('A bearer is what follows the scheme and its spaces, and there is none in another scheme', [
  ...['Bearer', 'Bearer  '].map((header) => [header, ''] as const),
  ...['Bearer t', 'bEaReR t', 'Bearer    t', ' Bearer t'].map((header) => [header, 't'] as const),
  ...['a b', 't ', 't\n', 't, Bearer u'].map((bearer) => [`Bearer ${bearer}`, bearer] as const),
  ...['\tt', ',', '"x"'].map((bearer) => [`Bearer${bearer}`, bearer] as const),
  ...['', 'Basic t', 'Bearertoken t', 'Bearer-Token t', 'X-Bearer t', 't'].map(
    (header) => [header, undefined] as const,
  ),
])(([authorization, bearer]) =>
  equal(incoming(eventOf('unit', { headers: { authorization } }), 'unit', 0).bearer, bearer),
)

describe('A request with a cookie beside its bearer', async () => {
  const gateway = await openForgedGateway()
  const good = forged()
  const json = { ...asProblem, 'content-type': 'application/json' }
  /** Its cookie is good, but has no Origin, which a cookie needs on a POST. */
  const beside = (authorization: string): Promise<object[]> => {
    const headers = { ...json, authorization }
    const request = { headers, cookies: [`imidToken=${good}`], body: '{"unit":null}' }
    const routes = ['token-is-set', 'units', 'unit'] as const
    return Promise.all(routes.map(async (name) => effect(await gateway.call(name, request))))
  }

  each('is refused when the bearer is bad, however good the cookie', ['Bearer', `Bearer ${good} `])(
    async (authorization) => {
      gateway.front.reset()
      const refused = [401, 403, 403].map((status) => ({ status, code: 'token_malformed' }))
      deepEqual(await beside(authorization), refused)
      equal(gateway.front.calls.write, 0)
    },
  )

  it('is judged by the cookie alone when there is no bearer', async () =>
    deepEqual(await beside(`Basic ${good}`), [
      { status: 200 },
      { status: 200 },
      { status: 403, code: 'foreign_origin' },
    ]))

  it('is judged by a good bearer alone', async () => {
    const cookies = ['imidToken=x', 'imidToken=y']
    deepEqual(effect(await gateway.call('token-is-set', { bearer: good, cookies })), { status: 200 })
  })

  it('has no token in a query or a body', async () => {
    const query = `imid_token=${good}&access_token=${good}`
    const body = JSON.stringify({ unit: null, access_token: good })
    const answer = await gateway.call('unit', { query, headers: json, body })
    deepEqual(effect(answer), { status: 403, code: 'token_missing' })
  })
})
