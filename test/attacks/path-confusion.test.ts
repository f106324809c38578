import { deepEqual, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type HttpRouteName, methodAndPath, prefix, type RouteName, routes } from '../../lib/routes.ts'
import { router } from '../../local/routing.ts'
import { openGateway } from '../support/gateway.ts'
import { refused } from '../support/refused.ts'
import vectors from '../vectors/paths.json' with { type: 'json' }

const rows = Object.entries(routes).flatMap(([name, route]) => {
  const { method, path } = methodAndPath(route) ?? {}
  return method === undefined || path === undefined
    ? []
    : [{ name: name as RouteName & HttpRouteName, method, path }]
})
/** The route table behind API Gateway's matching. */
const find = router(rows.map(({ name, method, path }) => ({ key: `${method} ${path}`, to: name })))
const foundAt = (method: string, path: string) => {
  const found = find(method, path)
  return found === 'malformed' ? undefined : found
}

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

describe('A path', () => {
  it('reaches no function when it only looks like one of ours', () =>
    deepEqual(
      vectors['no route'].filter((path) => methods.some((method) => foundAt(method, path) !== undefined)),
      [],
    ))

  it('reaches nothing by a method that its route does not declare', () => {
    for (const { name, method, path } of rows)
      deepEqual(
        methods.filter((asked) => foundAt(asked, path.replace('{org}', 'demo')) !== undefined),
        [method],
        name,
      )
  })

  it('is the route that it decodes to', () => {
    for (const [path = '', name = ''] of vectors['the same route'])
      deepEqual(foundAt('GET', `${prefix}${path}`)?.to, name, path)
  })

  it('starts no login with something else than an organisation in it', async () => {
    const gateway = await openGateway()
    for (const path of vectors['no organisation']) {
      const found = foundAt('GET', path)
      ok(found?.to === 'org-login', path)
      await refused(gateway, 'org-login', {
        request: { path: { ...found.pathParameters }, query: 'callback=/' },
        codes: ['bad_organisation', 'organisation_unknown'],
      })
    }
  })
})
