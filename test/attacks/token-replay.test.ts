import { deepEqual, equal } from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { Problem } from '../../lib/problem.ts'
import { forged, now } from '../support/forger.ts'
import { asProblem, browser, codeOf, fromOurPage, navigation, set } from '../support/gateway.ts'
import { openForgedGateway } from '../support/present.ts'

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openForgedGateway()
const there = 'https://app.example.test/article?x=1#/y'

const loggedIn = async (raw = forged()) => {
  const person = browser()
  const query = `${await gateway.begin(person, there)}&imid_token=${raw}`
  const again = async () =>
    gateway.call('callback', { query, cookies: person.pairs(), headers: { ...asProblem, ...navigation } })
  return { person, query, again }
}

describe('A callback that comes again', () => {
  it('sets nothing and goes on to its target while the session is good: reload, back', async () => {
    const { person, again } = await loggedIn()
    person.take(await again())
    for (let time = 0; time < 2; time++) {
      const answer = await again()
      deepEqual([answer.statusCode, answer.headers.location, answer.cookies], [302, there, undefined])
    }
  })

  it('does not go on to a target that the organisation of the session does not allow', async () => {
    const second = forged({ claims: { org: 'second' } })
    const answer = await gateway.call('callback', {
      query: `serviceCallback=${encodeURIComponent(there)}&imid_token=${second}`,
      cookies: [`imidToken=${second}`],
      headers: asProblem,
    })
    deepEqual(
      { status: answer.statusCode, code: codeOf(answer), to: answer.headers.location },
      { status: 400, code: 'return_url_not_allowed', to: undefined },
    )
  })

  it('is refused without a session, or with one that has run out or is not yet good', async () => {
    const { person, again } = await loggedIn()
    person.take(await again())
    for (const session of [undefined, { iat: now() - 100, exp: now() }, { nbf: now() + 100 }]) {
      person.cookies.delete('imidToken')
      if (session !== undefined) person.cookies.set('imidToken', forged({ claims: session }))
      const answer = await again()
      deepEqual(
        {
          status: answer.statusCode,
          code: codeOf(answer),
          to: answer.headers.location,
          cookies: answer.cookies,
        },
        { status: 403, code: 'login_not_from_this_browser', to: undefined, cookies: undefined },
      )
    }
  })

  it('is refused after logout, with the token and the cookie it left', async () => {
    const raw = forged({ claims: { jti: 'left' } })
    const { person, again } = await loggedIn(raw)
    person.take(await again())
    const held = person.pairs()
    person.take(await gateway.call('logout', { cookies: person.pairs(), headers: fromOurPage }))
    equal(codeOf(await again()), 'login_not_from_this_browser')
    const { query } = await loggedIn(raw)
    const answer = await gateway.call('callback', { query, cookies: held, headers: asProblem })
    deepEqual([answer.statusCode, set(answer)], [403, []])
  })

  it('is refused after logout in a login of its own: an ended token signs nobody in', async () => {
    const raw = forged({ claims: { jti: 'left behind' } })
    await gateway.call('logout', { bearer: raw })
    const { again } = await loggedIn(raw)
    const answer = await again()
    deepEqual(
      { status: answer.statusCode, code: codeOf(answer), to: answer.headers.location },
      { status: 401, code: 'token_revoked', to: undefined },
    )
  })

  it('twice at once gives the same browser the same session, and nothing more', async () => {
    const { person, again } = await loggedIn()
    const [one, other] = await Promise.all([again(), again()])
    deepEqual(one.cookies, other.cookies)
    deepEqual([one.statusCode, other.statusCode], [302, 302])
    person.take(one)
    equal((await again()).cookies, undefined)
  })

  it('answers 503 and no refusal while nobody can know: the session is not touched', async () => {
    const { person, again } = await loggedIn()
    person.take(await again())
    gateway.front.fault.next = () => new Problem('table_unavailable')
    const answer = await again()
    delete gateway.front.fault.next
    deepEqual(
      { status: answer.statusCode, code: codeOf(answer), cookies: answer.cookies },
      { status: 503, code: 'table_unavailable', cookies: undefined },
    )
  })
})

describe('An old token', () => {
  it('is refused at the callback by LOGIN_MAX_TOKEN_AGE, to the second', async () => {
    const strict = await gateway.open('callback', gateway.instance({ LOGIN_MAX_TOKEN_AGE: '300' }))
    const arrive = async (age: number) => {
      const { query, person } = await loggedIn(forged({ claims: { iat: now() - age } }))
      const answer = await strict({ query, cookies: person.pairs(), headers: asProblem })
      return { status: answer.statusCode, session: set(answer)[0]?.name, to: answer.headers.location }
    }
    deepEqual(await arrive(300), { status: 302, session: 'imidToken', to: there })
    deepEqual(await arrive(301), { status: 401, session: '__Host-imsg-rounds', to: undefined })
  })
})
