import { deepEqual, equal } from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { Problem } from '../../lib/problem.ts'
import { forged } from '../support/forger.ts'
import { asProblem, browser, cleared, codeOf, fromOurPage, navigation, set } from '../support/gateway.ts'
import { openForgedGateway } from '../support/present.ts'

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openForgedGateway()
const there = 'https://app.example.test/'

const login = (cookies: readonly string[], callback = there) =>
  gateway.call('login', {
    query: `org=demo&callback=${encodeURIComponent(callback)}`,
    cookies,
    headers: { ...asProblem, ...navigation },
  })
const arrive = (person: ReturnType<typeof browser>, query: URLSearchParams, raw = forged()) =>
  gateway.call('callback', {
    query: `${query}&imid_token=${raw}`,
    cookies: person.pairs(),
    headers: asProblem,
  })
const logins = (person: ReturnType<typeof browser>): string[] =>
  [...person.cookies.keys()].filter((name) => name.startsWith('__Host-imsg-login-'))

/** One round after the other: a second passes between them, as it does for a person. */
const passing = async <T>(times: number, work: (time: number) => Promise<T>): Promise<T[]> => {
  const results: T[] = []
  for (let time = 0; time < times; time++) {
    results.push(await work(time))
    gateway.clock.ahead++
  }
  return results
}

describe('Twenty logins open at once', () => {
  it('leave the five newest, which all end well, and the header small', async () => {
    const person = browser()
    const queries = await passing(20, (time) => gateway.begin(person, `${there}${time}`))
    equal(logins(person).length, 5)
    equal(person.pairs().join('; ').length < 1000, true)
    const outcomes = []
    for (const query of queries) outcomes.push((await arrive(person, query)).statusCode)
    deepEqual(outcomes, [...Array.from({ length: 15 }, () => 403), ...Array.from({ length: 5 }, () => 302)])
  })

  it('drop the oldest, whatever order the browser sends them in, and first those that cannot be read', async () => {
    const person = browser()
    await passing(5, (time) => gateway.begin(person, `${there}${time}`))
    const [oldest = ''] = logins(person)
    deepEqual(cleared(await login(person.pairs().toReversed())), [oldest])
    person.cookies.delete(oldest)
    deepEqual(cleared(await login(['__Host-imsg-login-unreadab=x', ...person.pairs()])), [
      '__Host-imsg-login-unreadab',
    ])
  })

  it('are tidied up when there are 9 kB of them, twenty at a time, the newest spared, until a handful is left', async () => {
    const person = browser()
    for (let index = 0; index < 110; index++) {
      const name = `__Host-imsg-login-${String(index).padStart(8, 'A')}`
      person.cookies.set(name, `${(gateway.now() - 1700 + index).toString(36)}!demo!${'a'.repeat(43)}`)
    }
    const full = [...person.pairs(), `imidToken=${forged()}`]
    equal((await gateway.call('token-is-set', { cookies: full })).statusCode, 200, 'the session is found')

    const fresh: string[] = []
    const left = await passing(7, async () => {
      const answer = person.take(await login(person.pairs()))
      equal(cleared(answer).length <= 20 && JSON.stringify(answer.cookies).length < 4096, true)
      deepEqual(
        cleared(answer).filter((name) => fresh.slice(-4).includes(name)),
        [],
        'the newest stay',
      )
      fresh.push(...set(answer).map(({ name }) => name))
      return person.cookies.size
    })
    deepEqual(left.slice(-2), [5, 5])
  })

  it('never lose the cookie that was just set, should its name be that of the oldest', async () => {
    const digest = 'A'.repeat(43)
    const pending = ['BBBBBBBB', 'CCCCCCCC', 'DDDDDDDD', 'EEEEEEEE', 'FFFFFFFF'].map(
      (name, age) => `__Host-imsg-login-${name}=${age}!demo!${digest}`,
    )
    const fresh = await gateway.open('login', { ...gateway.instance(), random: () => 'B'.repeat(32) })
    const answer = await fresh({ query: `org=demo&callback=${encodeURIComponent(there)}`, cookies: pending })
    deepEqual([set(answer).map(({ name }) => name), cleared(answer)], [['__Host-imsg-login-BBBBBBBB'], []])
  })

  it('touch no cookie that is not a login of ours', async () => {
    const foreign = [
      '__Host-imsg-login-=x',
      '__Host-imsg-login-short=x',
      '__Host-imsg-login-much-too-long=x',
      '__Host-imsg-login-a;b=x',
      // As long as ours, and its end looks like ours.
      `${'x'.repeat('__Host-imsg-login-'.length)}AAAAAAAA=x`,
    ]
    deepEqual(cleared(await login(Array.from({ length: 5 }, () => foreign).flat())), [])
  })
})

describe('A login that goes round in circles', () => {
  const round = async (person: ReturnType<typeof browser>, callback = there, raw = forged()) =>
    person.take(await arrive(person, await gateway.begin(person, callback), raw))

  for (const [what, raw] of [
    ['ended well each time', forged()],
    ['was refused each time', forged({ claims: { ntt: 'access_token' } })],
  ])
    it(`is stopped after five rounds that ${what}, with a page and no redirect, and goes again after a minute`, async () => {
      const person = browser()
      await passing(4, () => round(person, there, raw))
      equal((await login(person.pairs())).statusCode, 302)
      await round(person, there, raw)

      const stopped = await login(person.pairs())
      deepEqual(
        {
          status: stopped.statusCode,
          code: codeOf(stopped),
          to: stopped.headers.location,
          cookies: stopped.cookies,
        },
        { status: 403, code: 'login_loop', to: undefined, cookies: undefined },
      )
      equal((await login(person.pairs(), `${there}?another=${Date.now()}`)).statusCode, 403)
      for (const page of ['other', '#article1', '?a=b#/article?2'])
        equal((await login(person.pairs(), `${there}${page}`)).statusCode, 302, page)
      gateway.clock.ahead += 59
      equal((await login(person.pairs())).statusCode, 403)
      gateway.clock.ahead += 1
      equal((await login(person.pairs())).statusCode, 302)
    })

  it('is stopped though the query is another each time, and though twenty pages go round at once', async () => {
    const person = browser()
    const page = (tab: number, nonce: number) => `${there}${tab}?nonce=${nonce}#article7`
    for (let time = 0; time < 5; time++)
      for (let tab = 0; tab < 20; tab++) await round(person, page(tab, time))
    for (let tab = 0; tab < 20; tab++) equal((await login(person.pairs(), page(tab, 6))).statusCode, 403)
  })

  it('is none when six deep links sign in at once', async () => {
    const person = browser()
    for (let article = 1; article <= 6; article++) await round(person, `${there}#/article?id=${article}`)
    equal((await login(person.pairs(), `${there}#/article?id=1`)).statusCode, 302)
  })

  it('is none when the fault is ours: a 503 counts as no round and spends nothing, so that a reload succeeds', async () => {
    const person = browser()
    const query = await gateway.begin(person)
    gateway.front.fault.next = () => new Problem('table_unavailable')
    for (let reload = 0; reload < 6; reload++) {
      const { statusCode, cookies } = person.take(await arrive(person, query))
      deepEqual([statusCode, cookies], [503, undefined])
    }
    delete gateway.front.fault.next
    equal((await arrive(person, query)).statusCode, 302)
    equal((await login(person.pairs())).statusCode, 302)
  })

  it('is stopped where logins are not bound to their browsers, and each was refused', async () => {
    const unbound = gateway.instance({ LOGIN_BINDING: 'off' })
    const [begin, back] = [await gateway.open('login', unbound), await gateway.open('callback', unbound)]
    const person = browser()
    const request = () => ({ cookies: person.pairs(), headers: asProblem })
    const query = `imid_token=${forged({ claims: { ntt: 'access_token' } })}&serviceCallback=${there}`
    for (let time = 0; time < 5; time++) person.take(await back({ ...request(), query }))
    const stopped = await begin({ ...request(), query: `org=demo&callback=${there}` })
    deepEqual([stopped.statusCode, codeOf(stopped)], [403, 'login_loop'])
  })

  it('is none when somebody signs out and in again', async () => {
    const person = browser()
    for (let time = 0; time < 7; time++) {
      const raw = forged({ claims: { jti: `visit ${time}` } })
      equal((await round(person, there, raw)).statusCode, 302)
      person.take(await gateway.call('logout', { cookies: person.pairs(), headers: fromOurPage }))
    }
    deepEqual([...person.cookies.keys()], [])
  })

  it('is forgotten a minute after its last round, page by page', async () => {
    const person = browser()
    for (let time = 0; time < 4; time++) await round(person)
    gateway.clock.ahead += 59
    await round(person)
    await round(person, `${there}other`)
    equal((await login(person.pairs())).statusCode, 403)
    gateway.clock.ahead += 60
    for (const page of ['', 'other']) equal((await login(person.pairs(), there + page)).statusCode, 302)
    await round(person, `${there}third`)
    equal(person.cookies.get('__Host-imsg-rounds')?.split('.').length, 1)
  })

  it('is none when logins only begin', async () => {
    const person = browser()
    for (let time = 0; time < 10; time++) person.take(await login(person.pairs()))
    equal((await login(person.pairs())).statusCode, 302)
  })

  it('is noticed for the twenty pages that went round last', async () => {
    const person = browser()
    for (let page = 0; page < 25; page++) await round(person, `${there}${page}`)
    const names = () =>
      (person.cookies.get('__Host-imsg-rounds') ?? '').split('.').map((entry) => entry.split('!')[1])
    const [first, second] = names()
    equal(names().length, 20)
    await round(person, `${there}5`)
    equal(names().at(-1), first)
    await round(person, `${there}another`)
    deepEqual([names().length, names().includes(first), names().includes(second)], [20, true, false])
  })

  it('is claimed by no entry that is written otherwise than ours', async () => {
    const person = browser()
    await round(person)
    const [last = '', page = ''] = (person.cookies.get('__Host-imsg-rounds') ?? '').split('!')
    for (const entry of [`${last}!${page}!5`, `0${last}!${page}!5`]) {
      const stopped = await login([`__Host-imsg-rounds=${entry}`])
      equal(stopped.statusCode, 403, entry)
    }
    for (const entry of [
      `zzzzzzzzz!${page}!9`,
      `${last}!${page}!5x`,
      `${last}!${page}!55`,
      `x ${last}!${page}!5`,
    ])
      equal((await login([`__Host-imsg-rounds=${entry}`])).statusCode, 302, entry)
  })

  it('is claimed by no cookie that says something else', async () => {
    for (const value of [
      ...['', '.', '....', 'x', '!', 'zzzzzzzz!AAAAAAAA', '-1!AAAAAAAA!9', 'zzzzzzzz!AAAAAAAA!0'],
      ...['zzzzzzzz!AAAAAAAA!10', 'a!b!c', '__proto__', '0!', 'x'.repeat(4000)],
    ]) {
      equal((await login([`__Host-imsg-rounds=${value}`])).statusCode, 302, value)
      const person = browser()
      const query = await gateway.begin(person)
      person.cookies.set('__Host-imsg-rounds', value)
      const rounds = set(await arrive(person, query)).find(({ name }) => name === '__Host-imsg-rounds')
      equal(rounds?.value.split('.').length, 1, value)
    }
  })
})
