import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type HttpRouteName, methodAndPath, prefix, type Route, routes } from '../lib/routes.ts'
import { each } from './support/each.ts'
import { browser, cleared, navigation, openGateway, publicUrl } from './support/gateway.ts'

const gateway = await openGateway()
const { call, identity } = gateway

/** What a browser shows in the end, after all redirects. */
type Shown = Readonly<{ status: number; body: string }>

const routeAt = (path: string): { name: HttpRouteName; org: string } | undefined => {
  for (const [name, route] of Object.entries<Route>(routes)) {
    const pattern = methodAndPath(route)?.path.replace('{org}', '([^/]+)')
    const match = pattern === undefined ? null : new RegExp(`^${pattern}$`).exec(path)
    if (match !== null) return { name: name as HttpRouteName, org: match[1] ?? '' }
  }
  return undefined
}

/** A browser in front of a service, the gateway and the identity service, where this person has a live session. */
const newsroom = (headers: Record<string, string> = navigation) => {
  const person = browser()
  const visits = { service: 0, login: 0, identity: 0 }
  /** The token that the identity service hands out again as long as it holds; none: a new one each time. */
  const live: { token?: string } = {}

  const atGateway = async ({ pathname, search }: URL, more: Record<string, string>) => {
    const route = routeAt(pathname)
    ok(route, pathname)
    const { name, org } = route
    if (name === 'org-login') visits.login++
    const request = { query: search.slice(1), headers: more, cookies: person.pairs(), path: { org } }
    return person.take(await call(name, request))
  }

  const atIdentity = async (url: URL): Promise<string> => {
    visits.identity++
    url.searchParams.set('subject', 'editor')
    const answer = await fetch(url, { redirect: 'manual' })
    const location = new URL(answer.headers.get('location') ?? 'about:blank')
    if (live.token !== undefined) location.searchParams.set('imid_token', live.token)
    return location.href
  }

  const poll = (headers: Record<string, string> = {}) =>
    atGateway(new URL(`${publicUrl}${prefix}/token-is-set`), headers)

  /** The service leads whoever is not signed in to a login that comes back here. */
  const atService = async (): Promise<string | undefined> => {
    visits.service++
    return (await poll()).statusCode === 401 ? `${publicUrl}${prefix}/org/demo/login?callback=/` : undefined
  }

  const visit = async (address: string): Promise<Shown> => {
    const url = new URL(address, publicUrl)
    if (url.origin === identity.url) return visit(await atIdentity(url))
    if (url.pathname === '/') {
      const login = await atService()
      return login === undefined ? { status: 200, body: 'the editor' } : visit(login)
    }
    const { statusCode: status, headers: answered, body = '' } = await atGateway(url, headers)
    return answered.location === undefined ? { status, body } : visit(answered.location)
  }

  return { person, visits, live, visit, poll: () => poll({ accept: '*/*' }) }
}

type Newsroom = ReturnType<typeof newsroom>

/**
 * The newsroom editor that is known to poll, as its public code behaves: 200 and it carries on, unless the JSON says `statusCode: 404`,
 * then it stops for good; 401 and it asks the service for `/`, once, and starts again; anything else is a warning.
 */
const editor = ({ visit, poll }: Pick<Newsroom, 'visit' | 'poll'>) => {
  const tab = { stopped: false, warnings: 0, seen: [] as number[], shown: [] as Shown[] }
  const tick = async () => {
    if (tab.stopped) return
    const { statusCode: status, body = '' } = await poll()
    tab.seen.push(status)
    if (status === 401) tab.shown.push(await visit('/'))
    else if (status !== 200) tab.warnings++
    else if (JSON.parse(body).statusCode === 404) tab.stopped = true
  }
  const ticks = async (times: number) => {
    for (let time = 0; time < times; time++) await tick()
    return tab.seen.splice(0)
  }
  return { tab, tick, ticks }
}

/** An editor that is open and signed in, with a token that was issued a while ago and holds for ten minutes. */
const opened = async (headers?: Record<string, string>) => {
  const room = newsroom(headers)
  const token = await gateway.token({ iat: gateway.now() - 100, exp: gateway.now() + 600 })
  room.live.token = token
  equal((await room.visit('/')).body, 'the editor')
  delete room.live.token
  Object.assign(room.visits, { service: 0, login: 0, identity: 0 })
  return { room, token, ...editor(room) }
}

const logoutElsewhere = async ({ person }: Newsroom) => {
  const answer = await call('logout', { cookies: person.pairs(), headers: { origin: publicUrl } })
  ok(cleared(answer).includes('imidToken'))
}

describe('the known polling client', () => {
  it('carries on while the session is good', async () => {
    const { room, tab, ticks } = await opened()
    deepEqual(await ticks(3), [200, 200, 200])
    deepEqual([tab.stopped, tab.warnings, room.visits.service], [false, 0, 0])
  })

  it('warns and carries on while the table cannot be asked, and nobody is sent to a login', async () => {
    const { room, tab, ticks } = await opened()
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
    equal(tab.shown.map(({ body }) => body).join(), 'the editor')
    // The second visit of the service is the return from the login.
    deepEqual(room.visits, { service: 2, login: 1, identity: 1 })
    deepEqual([tab.stopped, tab.warnings], [false, 0])
  })

  it('resumes in every tab when four of them notice at once', async () => {
    const { room, ...first } = await opened()
    const tabs = [first, editor(room), editor(room), editor(room)]
    room.person.cookies.delete('imidToken')
    await Promise.all(tabs.map(({ tick }) => tick()))
    for (const { ticks, tab } of tabs) {
      deepEqual(await ticks(2), [401, 200, 200])
      equal(tab.shown[0]?.body, 'the editor')
    }
  })

  it('is stopped by a page when the identity service hands out the ended session again and again', async () => {
    const { room, token, tab, ticks } = await opened()
    await logoutElsewhere(room)
    room.live.token = token
    deepEqual(await ticks(8), Array(8).fill(401))
    const codes = tab.shown.map(({ body }) => /<code>([a-z_]+)<\/code>/.exec(body)?.[1])
    // The round in which the editor was opened counts as well.
    deepEqual(codes, [...Array(4).fill('token_revoked'), ...Array(4).fill('login_loop')])
    equal(room.visits.identity, 4)
  })
})
