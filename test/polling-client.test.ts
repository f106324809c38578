import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { prefix } from '../lib/routes.ts'
import { each } from './support/each.ts'
import { browser, cleared, navigation, openGateway, publicUrl } from './support/gateway.ts'

const gateway = await openGateway()
const { call } = gateway

/**
 * The public polling client of the newsroom editor, in a browser with a live session at the identity service.
 * After 200 it polls again, unless the JSON has `statusCode: 404`, which stops it. After 401 it requests `/`,
 * where a service without a session redirects to the login. Any other status is a warning.
 */
const editor = () => {
  const person = browser()
  const tab = { stopped: false, warnings: 0, shown: [] as string[], logins: 0 }
  /** The token that the identity service issues. Without one: a new token for each login. */
  const live: { token?: string } = {}

  const poll = async () =>
    person.take(await call('token-is-set', { cookies: person.pairs(), headers: { accept: '*/*' } }))

  /** Requests `/`, follows every redirect, and returns what the browser shows. */
  const visit = async (): Promise<string> => {
    if ((await poll()).statusCode !== 401) return 'the editor'
    tab.logins++
    const request = { headers: navigation, cookies: person.pairs() }
    const path = { org: 'demo' }
    const begun = person.take(await call('org-login', { ...request, path, query: 'callback=/' }))
    if (begun.headers.location === undefined) return begun.body ?? ''

    const answer = await fetch(`${begun.headers.location}&subject=editor`, { redirect: 'manual' })
    const { searchParams } = new URL(answer.headers.get('location') ?? '')
    if (live.token !== undefined) searchParams.set('imid_token', live.token)
    const query = searchParams.toString()
    const back = person.take(await call('callback', { ...request, cookies: person.pairs(), query }))
    const { pathname, search } = new URL(back.headers.location ?? '', publicUrl)
    if (pathname !== `${prefix}/login-failed`) return visit()
    return (await call('login-failed', { ...request, query: search.slice(1) })).body ?? ''
  }

  const polls = async (times: number): Promise<number[]> => {
    const statuses: number[] = []
    while (statuses.length < times) {
      const { statusCode, body = '' } = await poll()
      if (statusCode === 401) tab.shown.push(await visit())
      else if (statusCode !== 200) tab.warnings++
      else tab.stopped ||= JSON.parse(body).statusCode === 404
      statuses.push(statusCode)
    }
    return statuses
  }
  return { person, tab, live, visit, polls }
}

/** An editor with a session that began a while ago and is valid for ten minutes. */
const signedIn = async () => {
  const one = editor()
  one.live.token = await gateway.token({ iat: gateway.now() - 100, exp: gateway.now() + 600 })
  equal(await one.visit(), 'the editor')
  one.tab.logins = 0
  return one
}

const logoutElsewhere = async ({ person }: ReturnType<typeof editor>) => {
  const answer = await call('logout', { cookies: person.pairs(), headers: { origin: publicUrl } })
  ok(cleared(answer).includes('imidToken'))
}
const loseCookie = async ({ person }: ReturnType<typeof editor>) => person.cookies.delete('imidToken')

describe('the public polling client', () => {
  it('keeps polling while the table fails, and starts no login', async () => {
    const { tab, polls } = await signedIn()
    deepEqual(await polls(2), [200, 200])
    deepEqual(await gateway.whileTableFails(() => polls(3)), [503, 503, 503])
    deepEqual(await polls(2), [200, 200])
    deepEqual(tab, { stopped: false, warnings: 3, shown: [], logins: 0 })
  })

  each('continues after one login when the session has ended', [logoutElsewhere, loseCookie])(async (end) => {
    const one = await signedIn()
    delete one.live.token
    deepEqual(await one.polls(1), [200])
    await end(one)
    deepEqual(await one.polls(3), [401, 200, 200])
    deepEqual(one.tab, { stopped: false, warnings: 0, shown: ['the editor'], logins: 1 })
  })

  it('ends at a page when the identity service always issues the token of the ended session', async () => {
    const one = await signedIn()
    await logoutElsewhere(one)
    deepEqual(await one.polls(8), Array(8).fill(401))
    const codes = one.tab.shown.map((body) => /<code>([a-z_]+)<\/code>/.exec(body)?.[1])
    // The login that began the session counts too.
    deepEqual(codes, [...Array(4).fill('token_revoked'), ...Array(4).fill('login_loop')])
  })
})
