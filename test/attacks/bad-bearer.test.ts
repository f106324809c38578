import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { incoming } from '../../lib/http/messages.ts'
import { each } from '../support/each.ts'
import { forged } from '../support/forger.ts'
import { asProblem, effect, eventOf } from '../support/gateway.ts'
import { openForgedGateway } from '../support/present.ts'

each('The bearer token is what follows the scheme Bearer and its spaces, and is absent for other schemes', [
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

describe('Authentication by bearer token or session cookie', async () => {
  const gateway = await openForgedGateway()
  const good = forged()
  const json = { ...asProblem, 'content-type': 'application/json' }
  /** Three routes with a valid cookie beside this header. A POST with a cookie would need an Origin. */
  const beside = (authorization: string): Promise<object[]> => {
    const headers = { ...json, authorization }
    const request = { headers, cookies: [`imidToken=${good}`], body: '{"unit":null}' }
    const routes = ['token-is-set', 'units', 'unit'] as const
    return Promise.all(routes.map(async (name) => effect(await gateway.call(name, request))))
  }

  each('refuses a malformed bearer token even beside a valid cookie', ['Bearer', `Bearer ${good} `])(
    async (authorization) => {
      gateway.front.reset()
      const refused = [401, 403, 403].map((status) => ({ status, code: 'token_malformed' }))
      deepEqual(await beside(authorization), refused)
      equal(gateway.front.calls.write, 0)
    },
  )

  it('uses the cookie when the Authorization scheme is not Bearer', async () =>
    deepEqual(await beside(`Basic ${good}`), [
      { status: 200 },
      { status: 200 },
      { status: 403, code: 'foreign_origin' },
    ]))

  it('ignores session cookies beside a valid bearer token', async () => {
    const cookies = ['imidToken=x', 'imidToken=y']
    deepEqual(effect(await gateway.call('token-is-set', { bearer: good, cookies })), { status: 200 })
  })

  it('ignores tokens in the query and in the body', async () => {
    const query = `imid_token=${good}&access_token=${good}`
    const body = JSON.stringify({ unit: null, access_token: good })
    const answer = await gateway.call('unit', { query, headers: json, body })
    deepEqual(effect(answer), { status: 403, code: 'token_missing' })
  })
})
