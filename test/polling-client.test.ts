import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type HttpRouteName, methodAndPath, prefix, type Route, routes } from '../lib/routes.ts'
import { router } from '../local/routing.ts'
import { each } from './support/each.ts'
import { browser, cleared, navigation, openGateway, publicUrl } from './support/gateway.ts'

const gateway = await openGateway()
const { call, identity } = gateway

const rows = Object.entries<Route>(routes).flatMap(([name, row]) => {
  const path = methodAndPath(row)?.path
  return path === undefined ? [] : [{ key: `GET ${path}`, to: name as HttpRouteName }]
})
const find = router(rows)

/**
 * A browser in front of a service, the gateway and the identity service, where this person has a live
 * session. The service leads whoever is not signed in to a login that comes back.
 */
const newsroom = (headers: Record<string, string>) => {
  const person = browser()
  const visits = { service: 0, login: 0, identity: 0 }
  /** The token that the identity service hands out again as long as it holds; none: a new one each time. */
  const live: { token?: string } = {}

  const ask = async (address: string, headers: Record<string, string>) => {
    const { pathname, search } = new URL(address)
    const found = find('GET', pathname)
    ok(typeof found === 'object', pathname)
    if (found.to === 'org-login') visits.login++
    const request = {
      query: search.slice(1),
      headers,
      cookies: person.pairs(),
      path: { ...found.pathParameters },
    }
    return person.take(await call(found.to, request))
  }
  const poll = () => ask(`${publicUrl}${prefix}/token-is-set`, { accept: '*/*' })

  const atIdentity = async (address: string): Promise<string> => {
    visits.identity++
    const answer = await fetch(`${address}&subject=editor`, { redirect: 'manual' })
    const location = new URL(answer.headers.get('location') ?? 'about:blank')
    if (live.token !== undefined) location.searchParams.set('imid_token', live.token)
    return location.href
  }

  /** What the browser shows in the end, after all redirects. */
  const visit = async (address = `${publicUrl}/`): Promise<string> => {
    if (address.startsWith(identity.url)) return visit(await atIdentity(address))
    if (address === `${publicUrl}/`) {
      visits.service++
      const isSignedIn = (await poll()).statusCode !== 401
      return isSignedIn ? 'the editor' : visit(`${publicUrl}${prefix}/org/demo/login?callback=/`)
    }
    const { headers: answered, body = '' } = await ask(address, headers)
    return answered.location === undefined ? body : visit(answered.location)
  }
  return { person, visits, live, visit, poll }
}

type Newsroom = ReturnType<typeof newsroom>

/**
 * The newsroom editor that is known to poll, as its public code behaves: 200 and it carries on, unless the
 * JSON says `statusCode: 404`, then it stops for good; 401 and it asks the service for `/`, once, and starts
 * again; anything else is a warning.
 */
const editor = ({ visit, poll }: Newsroom) => {
  const tab = { stopped: false, warnings: 0, shown: [] as string[] }
  const tick = async (): Promise<number> => {
    const { statusCode, body = '' } = await poll()
    if (statusCode === 401) tab.shown.push(await visit())
    else if (statusCode !== 200) tab.warnings++
    else tab.stopped ||= JSON.parse(body).statusCode === 404
    return statusCode
  }
  const ticks = async (times: number): Promise<number[]> => {
    const seen: number[] = []
    while (seen.length < times) seen.push(await tick())
    return seen
  }
  return { tab, tick, ticks }
}

/** An open editor with a token that was issued a while ago and is valid for ten minutes. */
const opened = async (headers: Record<string, string> = navigation) => {
  const room = newsroom(headers)
  const token = await gateway.token({ iat: gateway.now() - 100, exp: gateway.now() + 600 })
  room.live.token = token
  equal(await room.visit(), 'the editor')
  delete room.live.token
  Object.assign(room.visits, { service: 0, login: 0, identity: 0 })
  return { room, token, ...editor(room) }
}

const logoutElsewhere = async ({ person }: Newsroom) => {
  const answer = await call('logout', { cookies: person.pairs(), headers: { origin: publicUrl } })
  ok(cleared(answer).includes('imidToken'))
}

describe('the known polling client', () => {
  it('carries on while the session is good, and warns while the table cannot be asked: nobody is sent to a login', async () => {
    const { room, tab, ticks } = await opened()
    deepEqual(await ticks(2), [200, 200])
    deepEqual(await gateway.whileTableFails(() => ticks(3)), [503, 503, 503])
    deepEqual(await ticks(2), [200, 200])
    deepEqual([tab.stopped, tab.warnings, room.visits.service], [false, 3, 0])
  })

  each<readonly [string, (room: Newsroom) => Promise<unknown>, Record<string, string>]>(
    'goes to / once when the session has ended, gets to a login and resumes',
    [
      ['a logout elsewhere', logoutElsewhere, navigation],
      ['a logout elsewhere, in an old browser', logoutElsewhere, { accept: 'text/html,*/*;q=0.8' }],
      ['the loss of the cookie', async ({ person }) => person.cookies.delete('imidToken'), navigation],
    ],
  )(async ([, end, headers]) => {
    const { room, tab, ticks } = await opened(headers)
    deepEqual(await ticks(1), [200])
    await end(room)
    deepEqual(await ticks(3), [401, 200, 200])
    deepEqual(tab, { stopped: false, warnings: 0, shown: ['the editor'] })
    // The second visit of the service is the return from the login.
    deepEqual(room.visits, { service: 2, login: 1, identity: 1 })
  })

  it('resumes in every tab when four of them notice at once', async () => {
    const { room, ...first } = await opened()
    const tabs = [first, editor(room), editor(room), editor(room)]
    room.person.cookies.delete('imidToken')
    deepEqual(await Promise.all(tabs.map(({ tick }) => tick())), [401, 401, 401, 401])
    for (const { ticks, tab } of tabs) deepEqual([await ticks(2), tab.shown], [[200, 200], ['the editor']])
  })

  it('is stopped by a page when the identity service hands out the ended session again and again', async () => {
    const { room, token, tab, ticks } = await opened()
    await logoutElsewhere(room)
    room.live.token = token
    deepEqual(await ticks(8), Array(8).fill(401))
    const codes = tab.shown.map((body) => /<code>([a-z_]+)<\/code>/.exec(body)?.[1])
    // The round in which the editor was opened counts as well.
    deepEqual(codes, [...Array(4).fill('token_revoked'), ...Array(4).fill('login_loop')])
    equal(room.visits.identity, 4)
  })
})
