import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type HttpRouteName, methodAndPath, prefix, type RouteName, routes } from '../../lib/routes.ts'
import { router } from '../../local/routing.ts'
import { openGateway } from '../support/gateway.ts'
import { refused } from '../support/refused.ts'
import vectors from '../vectors/paths.json' with { type: 'json' }

/** The route table behind API Gateway's matching. */
const find = router(
  Object.entries(routes).flatMap(([name, route]) => {
    const { method, path } = methodAndPath(route) ?? {}
    return method === undefined ? [] : [{ key: `${method} ${path}`, to: name as RouteName as HttpRouteName }]
  }),
)

const methods = [
  'GET',
  'POST',
  'HEAD',
  'PUT',
  'PATCH',
  'DELETE',
  'TRACE',
  'CONNECT',
  'OPTIONS',
  'get',
  'PROPFIND',
  '*',
]

describe('a path that only looks like one of ours', () => {
  for (const path of vectors['no route'])
    it(`reaches no function: ${path}`, () => {
      for (const method of methods) {
        const found = find(method, path)
        ok(found === undefined || found === 'malformed', `${method}: ${JSON.stringify(found)}`)
      }
    })
})

describe('a path with something else than an organisation in it', () => {
  const gatewayOpen = openGateway()
  for (const path of vectors['no organisation'])
    it(`starts no login: ${path}`, async () => {
      const found = find('GET', path)
      ok(found !== undefined && found !== 'malformed' && found.to === 'org-login')
      await refused(await gatewayOpen, 'org-login', {
        request: { path: { ...found.pathParameters }, query: 'callback=/' },
        codes: ['bad_organisation', 'organisation_unknown'],
      })
    })
})

describe('a method that a route does not declare', () => {
  for (const [name, route] of Object.entries(routes)) {
    const own = methodAndPath(route)
    if (own === undefined) continue
    it(`reaches nothing at ${name}`, () => {
      for (const method of methods)
        equal(find(method, own.path.replace('{org}', 'demo')) !== undefined, method === own.method, method)
    })
  }
})

describe('a path that is spelled with percents', () => {
  for (const [path = '', name = ''] of vectors['the same route'])
    it(`is the route it decodes to, and its own policy holds: ${path}`, () => {
      const found = find('GET', `${prefix}${path}`)
      ok(found !== undefined && found !== 'malformed')
      deepEqual(found.to, name)
    })
})
