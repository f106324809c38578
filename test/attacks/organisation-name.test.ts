import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Code } from '../../lib/problem.ts'
import { openGateway } from '../support/gateway.ts'
import { refused, standing } from '../support/refused.ts'
import { spellings } from '../support/spellings.ts'
import vectors from '../vectors/organisations.json' with { type: 'json' }

const gateway = await openGateway()
const still = standing(gateway)

const filled = (name: string): string =>
  name.replace(/^\{(\d+)\}$/, (_, length) => 'a'.repeat(Number(length)))

/** In the query in every spelling, and in the path as API Gateway hands it on: decoded. */
const tryBoth = async (name: string, codes: readonly Code[], written: readonly string[]): Promise<void> => {
  for (const org of written)
    await refused(gateway, 'login', {
      request: { query: `callback=/&org=${org}` },
      codes,
      call: (sent) => still.call('login', sent),
    })
  await refused(gateway, 'org-login', {
    request: { path: { org: name }, query: 'callback=/' },
    codes,
    call: (sent) => still.call('org-login', sent),
  })
}

describe('a name that would add, cut off or climb in the address of the identity service', () => {
  for (const name of vectors.malformed)
    it(`is no organisation: ${JSON.stringify(name)}`, () =>
      tryBoth(
        filled(name),
        // Written raw, some of them are other queries, or the name of nobody.
        ['bad_organisation', 'bad_query', 'organisation_unknown'],
        spellings(filled(name)).map(([, written]) => written),
      ))
  for (const name of vectors.malformed)
    it(`is malformed, not unknown: ${JSON.stringify(name)}`, async () => {
      const codes: Code[] = ['bad_organisation', ...(name.isWellFormed() ? [] : (['bad_query'] as const))]
      await tryBoth(filled(name), codes, [spellings(filled(name))[1]?.[1] ?? ''])
    })
})

describe('a well-formed name of no organisation', () => {
  for (const name of vectors.unknown)
    it(`is unknown: ${name}`, () => tryBoth(filled(name), ['organisation_unknown'], [filled(name)]))
})

describe('a path without its organisation', () => {
  for (const query of ['callback=/', 'org=demo&callback=/'])
    it(`is malformed: ${query}`, async () => {
      await refused(gateway, 'org-login', { request: { query }, codes: ['bad_organisation'] })
    })
})

describe('an organisation in path and query', () => {
  it('is the one in the path', async () => {
    const answer = await still.call('org-login', { path: { org: 'demo' }, query: 'org=second&callback=/' })
    equal(new URL(answer.headers.location ?? '').pathname, '/v1/org/demo/login')
  })
})
