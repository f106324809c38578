import { deepEqual, equal } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { startIdentity } from '../../local/identity/server.ts'
import { startFaultyProvider } from './support/faulty-provider.ts'
import { callback, claimsIn, openService, organisation, providerOf } from './support/service.ts'
import { signIn, tokenIn } from './support/sign-in.ts'

const provider = await startFaultyProvider('imsg-demo')
after(provider.close)
const service = await openService([organisation('demo', providerOf(provider.issuer))])
const standIn = await startIdentity({ port: 0, clientId: 'gateway', clientSecret: 'secret' })
after(() => standIn.close())

/** The members of a value and their types, without what differs between any two answers. */
const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return typeof value
  const members = Object.entries(value).map(([name, member]) => [name, shapeOf(member)])
  return Object.fromEntries(members)
}
const headerIn = (token: string) =>
  Object.keys(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())).sort()

/** The key set with each `kid` of `keysMeta` replaced by one name. */
const keySetIn = (text = '') => {
  const { keysMeta, ...document } = JSON.parse(text)
  return shapeOf({ ...document, keysMeta: Object.values(keysMeta) })
}

describe('The stand-in for an identity service in `local/identity`', () => {
  it('publishes its keys in the form of this service', async () => {
    const answer = await fetch(`${standIn.url}/v1/jwks`)
    deepEqual(keySetIn(await answer.text()), keySetIn((await service.call('jwks')).body))
  })

  it('hands over a token as this service does, apart from iss and aud, which are not documented', async () => {
    const query = new URLSearchParams({ callback, subject: 'editor' })
    const there = await fetch(`${standIn.url}/v1/org/demo/login?${query}`, { redirect: 'manual' })
    const location = there.headers.get('location') ?? ''
    const ours = await signIn(service, provider)
    for (const to of [location, ours.headers.location ?? ''])
      equal(to.replace(/&imid_token=.*/, ''), callback)
    const token = tokenIn({ headers: { location } })
    const { iss, aud, ...claims } = claimsIn(tokenIn(ours))
    deepEqual(shapeOf({ ...claimsIn(token), userinfo: {} }), shapeOf({ ...claims, userinfo: {} }))
    deepEqual(headerIn(token), headerIn(tokenIn(ours)))
  })
})
