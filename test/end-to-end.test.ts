import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { type Stack, startStack } from '../local/stack.ts'

/** The whole thing over HTTP: the bundles that would be deployed, behind the routes of the synthesised template. */

let stack: Stack
let base = ''

before(async () => {
  stack = await startStack({ port: 0, idpPort: 0, refreshEvery: 3600 })
  base = `${stack.url}/imsg-service/v1`
})
after(() => stack.close())

const control = async (command: object) => {
  const answer = await fetch(`${stack.identityUrl}/_control`, {
    method: 'POST',
    body: JSON.stringify(command),
  })
  equal(answer.status, 200)
  return answer.json() as Promise<Record<string, unknown>>
}

/** One request as curl sends it. Node's own fetch says `sec-fetch-mode: cors`, so it can start no login: it is no navigation. */
const visit = (url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (answer) => {
      const pairs = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
        values.map((value) => [name, value] as [string, string]),
      )
      answer
        .resume()
        .once('end', () => resolve(new Response(null, { status: answer.statusCode ?? 0, headers: pairs })))
    })
    sent.once('error', reject).end()
  })

/** A cookie jar like curl's: it keeps what is set and forgets what is cleared. */
const jar = () => {
  const cookies = new Map<string, string>()
  const header = (): Record<string, string> =>
    cookies.size > 0 ? { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') } : {}
  const take = (answer: Response): Response => {
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return answer
  }
  return {
    cookies,
    visit: async (url: string) => take(await visit(url, header())),
    ask: async (url: string, init: RequestInit = {}) =>
      take(await fetch(url, { ...init, headers: { ...init.headers, ...header() }, redirect: 'manual' })),
  }
}

const fromOurPage = () => ({ origin: stack.url })
const json = () => ({ ...fromOurPage(), 'content-type': 'application/json' })

/** From the login link to the return URL: what a browser does on its own. */
const signIn = async (person: ReturnType<typeof jar>, user = 'editor', callback = '/article?id=1') => {
  const started = await person.visit(`${base}/org/demo/login?callback=${encodeURIComponent(callback)}`)
  const there = await visit(`${started.headers.get('location')}&subject=${user}`)
  const back = await person.visit(there.headers.get('location') ?? '')
  return { started, there, back }
}

describe('a person at the gateway', () => {
  it('signs in, is recognised, chooses a unit and signs out for good', async () => {
    const person = jar()
    const { started, there, back } = await signIn(person)
    deepEqual([started.status, there.status, back.status], [302, 302, 302])
    equal(back.headers.get('location'), `${stack.url}/article?id=1`)
    const session = back.headers.getSetCookie().find((cookie) => cookie.startsWith('imidToken='))
    match(
      session ?? '',
      /^imidToken=eyJ[\w-]+\.[\w-]+\.[\w-]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/,
    )

    const poll = await person.ask(`${base}/token-is-set`)
    deepEqual([poll.status, await poll.json()], [200, { msg: 'ok' }])

    const units = async () =>
      (await person.ask(`${base}/units`)).json() as Promise<{
        units: { name: string }[]
        preferred: string | null
      }>
    deepEqual(
      (await units()).units.map(({ name }) => name),
      ['north', 'south'],
    )
    const choose = async (unit: string) =>
      (await person.ask(`${base}/unit`, { method: 'POST', headers: json(), body: JSON.stringify({ unit }) }))
        .status
    deepEqual([await choose('south'), await choose('west')], [200, 403])
    equal((await units()).preferred, 'south')

    const raw = person.cookies.get('imidToken') ?? ''
    const logout = await person.ask(`${base}/logout`, { method: 'POST', headers: fromOurPage() })
    deepEqual(
      [logout.status, await logout.json(), person.cookies.has('imidToken')],
      [200, { msg: 'You are logged out' }, false],
    )

    stack.restart('token-is-set')
    const after = await fetch(`${base}/token-is-set`, { headers: { cookie: `imidToken=${raw}` } })
    deepEqual([after.status, await after.text()], [401, '"errors.auth.MissingToken"'])
  })

  it('may ask for health by HEAD, as a monitor does', async () => {
    const [get, head] = await Promise.all([fetch(`${base}/health`), visit(`${base}/health`, {}, 'HEAD')])
    const said = ({ headers }: Response) =>
      // A length goes with a body: RFC 9110 section 8.6.
      [...headers].filter(([name]) => !['date', 'apigw-requestid', 'content-length'].includes(name))
    deepEqual([head.status, said(head), head.headers.has('content-length')], [200, said(get), false])
    equal((await visit(`${base}/token-is-set`, {}, 'HEAD')).status, 404)
  })

  it('goes on while the identity service is down, new logins apart, and health says so', async () => {
    const person = jar()
    await signIn(person)
    const health = async () =>
      (await fetch(`${base}/health`)).json() as Promise<{ inGrace: boolean; stateChecksum: string }>
    const before = await health()
    equal(before.inGrace, false)

    await control({ do: 'down' })
    await stack.invoke('refresh-state')
    deepEqual(await health(), { ...before, inGrace: true })
    stack.restart()
    for (const path of ['token-is-set', 'units']) equal((await person.ask(`${base}/${path}`)).status, 200)
    await control({ do: 'up' })
    await stack.invoke('refresh-state')
    deepEqual(await health(), before)
  })

  it('is known at once by a key that was made a moment ago, and the identity service is asked once', async () => {
    await control({ do: 'rotate' })
    await control({ do: 'count', reset: true })
    const { token } = await control({ do: 'issue', claims: {} })
    const headers = { authorization: `Bearer ${token}` }
    const polls = await Promise.all(
      Array.from({ length: 8 }, () => fetch(`${base}/token-is-set`, { headers })),
    )
    deepEqual(new Set(polls.map(({ status }) => status)), new Set([200]))
    deepEqual((await control({ do: 'count' })).requests, { '/v1/jwks': 1 })
  })

  it('is sent from 127.0.0.1 to localhost before the login begins, and ends there', async () => {
    const person = jar()
    const away = await person.visit(`${base.replace('localhost', '127.0.0.1')}/login?org=demo&callback=/x`)
    deepEqual([away.status, away.headers.getSetCookie()], [302, []])
    const started = await person.visit(away.headers.get('location') ?? '')
    const there = await visit(`${started.headers.get('location')}&subject=editor`)
    const back = await person.visit(there.headers.get('location') ?? '')
    deepEqual([back.status, back.headers.get('location')], [302, `${stack.url}/x`])
  })

  it('meets 404 beside the routes, also with another method', async () => {
    for (const [method, path] of [
      ['GET', '/imsg-service/v1/nowhere'],
      ['GET', '/imsg-service/v1/units/'],
      ['GET', '/imsg-service/v1/unit'],
      ['POST', '/imsg-service/v1/units'],
      ['GET', '//imsg-service/v1/units'],
    ] as const) {
      const answer = await fetch(`${stack.url}${path}`, { method })
      deepEqual([path, answer.status, await answer.text()], [path, 404, '"errors.api.NotFound"'])
    }
  })

  it('can look at the demo service, which knows them by the shared cookie', async () => {
    const page = await fetch(`${stack.url}/`)
    deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8'])
    const person = jar()
    equal((await person.ask(`${stack.url}/whoami`)).status, 401)
    await signIn(person)
    const { org } = (await (await person.ask(`${stack.url}/whoami`)).json()) as { org: string }
    equal(org, 'demo')
    ok(person.cookies.has('imidToken'))
  })
})
