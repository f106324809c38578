import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Problem } from '../../lib/problem.ts'
import { organisationTtl } from '../../lib/state/organisation.ts'
import { browser, openGateway, set } from '../support/gateway.ts'

describe('A failing dependency', () => {
  it('is 503 and no wrong word about a good session, with a token known or new, at every door', async () => {
    const failing = await openGateway()
    const raw = await failing.token()
    const person = browser()
    const query = await failing.begin(person)
    equal((await failing.call('token-is-set', { bearer: raw })).statusCode, 200)
    const requests = {
      'token-is-set': { bearer: raw },
      units: { bearer: raw },
      unit: { bearer: raw, headers: { 'content-type': 'application/json' }, body: '{"unit":null}' },
      logout: { bearer: raw },
      login: { query: 'org=demo&callback=/' },
      'org-login': { query: 'callback=/', path: { org: 'demo' } },
      callback: { query: `${query}&imid_token=${raw}`, cookies: person.pairs() },
    } as const
    // An instance that knows the organisation, and needs no more to begin a login, begins one: here it has to ask again.
    failing.clock.ahead = organisationTtl
    failing.front.fault.next = () => new Problem('table_unavailable')
    for (const [name, request] of Object.entries(requests) as [keyof typeof requests, object][])
      for (const ask of [await failing.open(name), (again: object) => failing.call(name, again)]) {
        const answer = await ask(request)
        deepEqual(
          [
            name,
            answer.statusCode,
            answer.body,
            answer.headers.location,
            set(answer).filter((one) => one.name === 'imidToken'),
          ],
          [name, 503, '"errors.api.ServiceUnavailable"', undefined, []],
        )
      }
    delete failing.front.fault.next
    equal((await failing.call('token-is-set', { bearer: raw })).statusCode, 200)
  })
})
