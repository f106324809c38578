import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type HttpRouteName, methodAndPath, prefix, type RouteName, routes } from '../../lib/routes.ts'
import { router } from '../../local/routing.ts'
import { each } from '../support/each.ts'
import { openGateway } from '../support/gateway.ts'
import { refused } from '../support/refused.ts'

const rows = Object.entries(routes).flatMap(([name, route]) => {
  const at = methodAndPath(route)
  return at === undefined ? [] : [{ name: name as RouteName & HttpRouteName, ...at }]
})
/** The route table behind API Gateway's matching. */
const find = router(rows.map(({ name, method, path }) => ({ key: `${method} ${path}`, to: name })))
const foundAt = (method: string, path: string) => {
  const found = find(method, path)
  return found === 'malformed' ? undefined : found
}

const methods = 'GET POST HEAD PUT PATCH DELETE TRACE CONNECT OPTIONS get PROPFIND *'.split(' ')
const words = (lines: readonly string[]): string[] => lines.flatMap((line) => line.split(' '))

describe('A path', () => {
  each('reaches no function when it only looks like one of ours', [
    ...words([
      '/ /imsg-service /imsg-service/v1 //imsg-service/v1/units /imsg-service//v1/units',
      '/imsg-service;x/v1/units /IMSG-SERVICE/v1/units /imsg-service/v2/units',
      '/imsg-service%2fv1%2funits /imsg-service\\v1\\units /evil.test/imsg-service/v1/units',
      'https://evil.test/imsg-service/v1/units',
    ]),
    ...words([
      '//units /units/ /units;x=1 /%2e/units /health/../units /health/%2e%2e/units /health/units',
      '/units%23 /units%3f /units%20 /units.json /UNITS /unit%73%2f /%zz /% /org//login /org/login',
      '/org/a/b/login /org/demo/login/ /org/demo/logout /org/%2e%2e/%2e%2e/login /refresh-state',
      '/__proto__',
    ]).map((path) => `${prefix}${path}`),
  ])((path) =>
    deepEqual(
      methods.filter((method) => foundAt(method, path) !== undefined),
      [],
    ),
  )

  each(
    'reaches nothing by a method that its route does not declare',
    rows,
  )(({ method, path }) => {
    const at = path.replace('{org}', 'demo')
    deepEqual(
      methods.filter((asked) => foundAt(asked, at) !== undefined),
      [method],
    )
  })

  each('is the route that it decodes to', [
    ['/%75nits', 'units'],
    ['/token%2Dis%2Dset', 'token-is-set'],
    ['/org/%64emo/login', 'org-login'],
  ])(([path, name]) => equal(foundAt('GET', `${prefix}${path}`)?.to, name))

  it('starts no login with something else than an organisation in it', async () => {
    const gateway = await openGateway()
    for (const org of words([
      '.. %2e%2e a%2Fb a%5Cb demo%2F..%2Fdemo demo%0d%0a demo%3Fx demo;x=1 %252e%252e %E2%80%8Bdemo',
      '%7Borg%7D __proto__',
    ])) {
      const found = foundAt('GET', `${prefix}/org/${org}/login`)
      ok(found?.to === 'org-login', org)
      await refused(gateway, 'org-login', {
        request: { path: { ...found.pathParameters }, query: 'callback=/' },
        codes: ['bad_organisation', 'organisation_unknown'],
      })
    }
  })
})
