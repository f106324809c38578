import { deepEqual, equal } from 'node:assert/strict'
import { it, mock } from 'node:test'
import { each } from '../support/each.ts'
import { asProblem, browser, effect, fromOurPage, openGateway } from '../support/gateway.ts'

/** Many logins of one browser. The rules: `login-binding.test.ts`, `login-loop.test.ts`. */

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openGateway()
const { call, token, begin, later } = gateway
const app = 'https://app.example.test/'

type Person = ReturnType<typeof browser>

const start = async (person: Person, callback = app) => {
  const query = `org=demo&callback=${encodeURIComponent(callback)}`
  return person.take(await call('login', { query, cookies: person.pairs(), headers: asProblem }))
}
const arrive = async (person: Person, query: URLSearchParams, raw: string, route = call) =>
  person.take(
    await route('callback', {
      query: `${query}&imid_token=${raw}`,
      cookies: person.pairs(),
      headers: asProblem,
    }),
  )

it('Only the newest five of twenty pending logins in one browser can finish', async () => {
  const person = browser()
  const raw = await token()
  const queries: URLSearchParams[] = []
  for (let tab = 0; tab < 20; tab++) queries.push(await begin(person, `${app}${tab}`))
  const statuses: number[] = []
  const before = person.pairs()
  for (const query of queries) {
    const request = { query: `${query}&imid_token=${raw}`, cookies: before, headers: asProblem }
    statuses.push((await call('callback', request)).statusCode)
  }
  deepEqual(statuses, [...Array(15).fill(403), ...Array(5).fill(302)])
})

each('A sixth login to the same page is refused as a loop for a minute; other pages are not', [
  ['logins that succeeded', {}, {}],
  ['logins that were refused', { ntt: 'access_token' }, {}],
  ['logins that were refused, without binding', { ntt: 'access_token' }, { LOGIN_BINDING: 'off' }],
])(async ([, claims, settings]) => {
  const person = browser()
  const raw = await token(claims)
  const callback = await gateway.open('callback', gateway.instance(settings))
  for (let round = 0; round < 5; round++) {
    equal((await start(person)).statusCode, 302)
    await arrive(person, await begin(person), raw, (_, request) => callback(request))
  }
  deepEqual(effect(await start(person)), { status: 403, code: 'login_loop' })
  equal((await start(person, `${app}other`)).statusCode, 302)
  equal((await later(60, () => start(person))).statusCode, 302)
})

it('Logins after a logout, and logins that never finish, do not count as a loop', async () => {
  const person = browser()
  for (let visit = 0; visit < 6; visit++) {
    equal((await arrive(person, await begin(person), await token())).statusCode, 302)
    person.take(await call('logout', { cookies: person.pairs(), headers: fromOurPage }))
  }
  deepEqual([...person.cookies], [])
  for (let time = 0; time < 6; time++) equal((await start(person)).statusCode, 302)
})
