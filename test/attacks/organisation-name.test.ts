import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isOrganisationName } from '../../lib/redirect/organisation-name.ts'
import { openGateway } from '../support/gateway.ts'
import { refused, standing } from '../support/refused.ts'
import { encoded } from '../support/spellings.ts'

const gateway = await openGateway()
const still = standing(gateway)

const malformed = [
  ...". .. ..demo .demo a/b ../v2/org/demo %2e%2e a\\b a?b a#b a&callback=x a:b a+b a%2Fb {org} $& <script> '".split(
    ' ',
  ),
  ...['a b', 'demo ', 'demo\n', 'demo\u0000', 'd\u00e9mo', 'demo\u200b', '\ud800'],
  'a'.repeat(65),
  'a'.repeat(8192),
]
const unknown = [...'__proto__ null DEMO demo. _demo STATE 0'.split(' '), 'a'.repeat(64)]

/** In the query, and in the path as API Gateway hands it on: decoded. */
const bothRefused = async (org: string, code: 'bad_organisation' | 'organisation_unknown'): Promise<void> => {
  for (const [name, request] of [
    ['login', { query: `callback=/&org=${encoded(org)}` }],
    ['org-login', { path: { org }, query: 'callback=/' }],
  ] as const)
    await refused(gateway, name, { request, codes: [code], call: (sent) => still.call(name, sent) })
}

describe('The name of an organisation', () => {
  it('is none when it would add to, cut off or climb in the address of the identity service', () =>
    deepEqual(malformed.filter(isOrganisationName), []))

  it('may be one that nobody has', () =>
    deepEqual(
      unknown.filter((name) => !isOrganisationName(name)),
      [],
    ))

  it('is refused at both logins, as malformed or as unknown', async () => {
    for (const name of ['..', 'a/b', 'a?b', 'demo\n', 'a'.repeat(65)])
      await bothRefused(name, 'bad_organisation')
    for (const name of unknown) await bothRefused(name, 'organisation_unknown')
  })

  it('is refused where the path has none, whatever the query says', () =>
    refused(gateway, 'org-login', {
      request: { query: 'org=demo&callback=/' },
      codes: ['bad_organisation'],
    }).then(() => {}))

  it('is the one in the path where the query names another', async () => {
    const answer = await still.call('org-login', { path: { org: 'demo' }, query: 'org=second&callback=/' })
    equal(new URL(answer.headers.location ?? '').pathname, '/v1/org/demo/login')
  })
})
