import { deepEqual, equal } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { startIdentity } from '../../local/identity/server.ts'
import { callback, claimsIn, headerIn, openService, tokenIn } from './support/service.ts'

const service = await openService()
const standIn = await startIdentity({ port: 0, clientId: 'gateway', clientSecret: 'secret' })
after(() => standIn.close())

/** The members of a value and their types, without what differs between any two answers. */
const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return typeof value
  const members = Object.entries(value).map(([name, member]) => [name, shapeOf(member)])
  return Object.fromEntries(members)
}

/** The key set with each `kid` of `keysMeta` replaced by one name. */
const keySetIn = (text = '') => {
  const { keysMeta, ...document } = JSON.parse(text)
  return shapeOf({ ...document, keysMeta: Object.values(keysMeta) })
}

describe('The stand-in for an identity service in `local/identity`', () => {
  it('publishes a key set of the same shape as this service', async () => {
    const answer = await fetch(`${standIn.url}/v1/jwks`)
    deepEqual(keySetIn(await answer.text()), keySetIn((await service.call('jwks')).body))
  })

  it('hands over a token of the same shape as this service, except for iss and aud', async () => {
    const query = new URLSearchParams({ callback, subject: 'editor' })
    const there = await fetch(`${standIn.url}/v1/org/demo/login?${query}`, { redirect: 'manual' })
    const location = there.headers.get('location') ?? ''
    const ours = await service.signIn()
    for (const to of [location, ours.headers.location ?? ''])
      equal(to.replace(/&imid_token=.*/, ''), callback)
    const token = tokenIn({ headers: { location } })
    const { iss, aud, ...claims } = claimsIn(tokenIn(ours))
    deepEqual(shapeOf({ ...claimsIn(token), userinfo: {} }), shapeOf({ ...claims, userinfo: {} }))
    deepEqual(shapeOf(headerIn(token)), shapeOf(headerIn(tokenIn(ours))))
  })
})
