import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isOrganisationName } from '../../lib/redirect/organisation-name.ts'
import { each } from '../support/each.ts'
import { openGateway } from '../support/gateway.ts'
import { refused, standing } from '../support/refused.ts'
import { encoded } from '../support/spellings.ts'

const gateway = await openGateway()
const still = standing(gateway)
const unknown = [...'__proto__ null DEMO demo. _demo STATE 0'.split(' '), 'a'.repeat(64)]
const odd =
  ". .. ..demo .demo a/b ../v2/org/demo %2e%2e a\\b a?b a#b a&callback=x a:b a+b a%2Fb {org} $& <script> '"

describe('The name of an organisation', () => {
  each('is none when it would add to, cut off or climb in the address of the identity service', [
    ...[...odd.split(' '), 'a b', 'demo ', 'demo\n', 'demo\u0000', 'd\u00e9mo', 'demo\u200b', '\ud800'],
    ...['a'.repeat(65), 'a'.repeat(8192)],
  ])((name) => equal(isOrganisationName(name), false))

  each('may be one that nobody has', unknown)((name) => equal(isOrganisationName(name), true))

  each('is refused at both logins, as malformed or as unknown, in the query and in the path', [
    ...['..', 'a/b', 'a?b', 'demo\n', 'a'.repeat(65)].map((org) => ['bad_organisation', org] as const),
    ...unknown.map((org) => ['organisation_unknown', org] as const),
  ])(async ([code, org]) => {
    for (const [name, request] of [
      ['login', { query: `callback=/&org=${encoded(org)}` }],
      ['org-login', { path: { org }, query: 'callback=/' }],
    ] as const)
      await refused(gateway, name, { request, codes: [code], call: (sent) => still.call(name, sent) })
  })

  it('is the one in the path, whatever the query says', async () => {
    const query = 'org=second&callback=/'
    await refused(gateway, 'org-login', { request: { query }, codes: ['bad_organisation'] })
    const { headers } = await still.call('org-login', { path: { org: 'demo' }, query })
    equal(new URL(headers.location ?? '').pathname, '/v1/org/demo/login')
  })
})
