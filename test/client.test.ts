import { deepEqual, equal, rejects } from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { imsg } from '../client/imsg.ts'
import {
  down,
  good,
  listening,
  loggedOut,
  open,
  type Pages,
  settled,
  signedOut,
} from './support/client-page.ts'
import { each } from './support/each.ts'

describe('session() of the browser client', () => {
  it('requests a problem document with cookies and without caches', async () => {
    const [{ url, init } = { url: '', init: {} }] = (await listening(good)).asked
    const { signal: _, ...sent } = init
    equal(url, '/imsg-service/v1/token-is-set')
    const headers = { accept: 'application/problem+json' }
    deepEqual(sent, { method: 'GET', credentials: 'include', cache: 'no-store', headers })
  })

  it('sends one request for concurrent callers', async () => {
    const { gateway, asked } = open()
    const sessions = await Promise.all([gateway.session(), gateway.session(), gateway.session()])
    deepEqual(sessions, Array(3).fill('signed-in'))
    equal(asked.length, 1)
  })

  it('calls a subscriber with the current state and with each change', async () => {
    const page = await listening(good)
    await page.pass(5)
    page.answers(signedOut)
    await page.pass(5)
    deepEqual(page.heard, ['unknown', 'signed-in', 'signed-out token_revoked'])
    equal(page.asked.length, 3)
  })

  it('polls only while there are subscribers', async () => {
    const page = open()
    await page.gateway.session()
    equal(page.pause(), undefined)
    const stop = page.subscribe()
    await settled()
    equal(page.pause(), 5)
    stop()
    equal(page.pause(), undefined)
  })

  it('calls the other subscribers when one throws', async () => {
    const page = open()
    const thrown = new Promise<Error>((caught) => process.setUncaughtExceptionCaptureCallback(caught))
    page.gateway.session.subscribe((session) => {
      if (session === 'signed-in') throw new Error('mine')
    })
    page.subscribe()
    equal((await thrown).message, 'mine')
    process.setUncaughtExceptionCaptureCallback(null)
    await settled()
    deepEqual([page.heard, page.pause()], [['unknown', 'signed-in'], 5])
  })

  it('stops polling after 401, until session() is called or the tab becomes visible', async () => {
    const page = await listening(signedOut)
    await page.pass(600)
    await page.show(true)
    deepEqual([page.asked.length, page.pause()], [1, undefined])
    await page.show(false)
    deepEqual([page.asked.length, page.pause()], [2, undefined])
    page.answers(good)
    equal(await page.gateway.session(), 'signed-in')
    equal(page.pause(), 5)
  })

  it('polls less often in a hidden tab, and at once when the tab becomes visible', async () => {
    const page = await listening(good)
    await page.show(true)
    await page.pass(5)
    deepEqual([page.asked.length, page.pause()], [2, 30])
    await page.show(false)
    deepEqual([page.asked.length, page.pause()], [3, 5])
  })

  it('ends polling, subscriptions and messages when the client is closed', async () => {
    const pages: Pages = new Set()
    const page = await listening(good, pages)
    page.gateway.close()
    await page.show(false)
    deepEqual([page.asked.length, page.pause(), pages.size], [1, undefined, 0])
    deepEqual(getEventListeners(page.tab, 'visibilitychange'), [])
    page.answers(signedOut)
    equal(await page.gateway.session(), 'signed-out')
    page.subscribe()
    await settled()
    deepEqual([page.asked.length, page.pause(), page.heard], [2, undefined, ['unknown', 'signed-in']])
    // A call in progress may end after the page has closed the client.
    page.answers(loggedOut)
    await page.gateway.setUnit('north')
  })
})

describe('the browser client while the gateway is not available', () => {
  each('reports "unavailable" for an error or a response of another server, and keeps polling', [
    ['table_unavailable', down],
    ['http_429', { status: 429, body: { message: 'Too Many Requests' } }],
    ['no_answer', 'no network'],
    ['not_the_gateway', { status: 401, body: '<html>' }],
    ['not_the_gateway', { status: 401, body: { code: 'no', message: 'Unauthorized' } }],
    ['not_the_gateway', { status: 200, body: '<html>' }],
    ['not_the_gateway', { status: 200, body: { hello: 1 } }],
  ])(async ([code, reply]) => {
    const page = await listening(good)
    page.answers(reply)
    await page.pass(5)
    page.answers(good)
    await page.pass(10)
    deepEqual(page.heard, ['unknown', 'signed-in', `unavailable ${code}`, 'signed-in'])
  })

  it('reports "signed-out" for a 401 whose body is only the documented key', async () => {
    const { heard } = await listening({ status: 401, body: 'errors.auth.MissingToken' })
    deepEqual(heard, ['unknown', 'signed-out errors.auth.MissingToken'])
  })

  it('calls subscribers again only when the cause changes', async () => {
    const page = await listening(down)
    await page.pass(10)
    page.answers('no network')
    await page.pass(60)
    deepEqual(page.heard, ['unknown', 'unavailable table_unavailable', 'unavailable no_answer'])
    equal(page.asked.length, 3)
  })

  each('explains 429, and waits for the time in Retry-After, up to ten minutes', [
    ['45', 'Too many requests, ask again in 45 s', 45],
    ['86400', 'Too many requests, ask again in 86400 s', 600],
    ['1', 'Too many requests, ask again in 1 s', 10],
    [undefined, 'Too many requests', 10],
    ['Fri, 27 Nov 2026 00:00:00 GMT', 'Too many requests', 10],
    ['-1', 'Too many requests', 10],
  ])(async ([retryAfter, message, pause]) => {
    const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
    const page = open()
    const messages: unknown[] = []
    page.answers({ status: 429, body: { message: 'Too Many Requests' }, headers })
    page.gateway.session.subscribe((_, why) => messages.push(why?.message))
    await settled()
    deepEqual([messages.at(-1), page.pause()], [message, pause])
  })

  it('backs off up to a minute, and returns to the usual interval after a good response', async () => {
    const page = await listening(down)
    const pauses = []
    for (let round = 0; round < 5; round++) {
      pauses.push(page.pause())
      await page.pass(60)
    }
    deepEqual(pauses, [10, 20, 40, 60, 60])
    page.answers(good)
    await page.pass(60)
    equal(page.pause(), 5)
  })

  it('does not poll more often in a hidden tab than it would without the failure', async () => {
    const page = await listening(good)
    await page.show(true)
    page.answers(down)
    await page.pass(5)
    equal(page.pause(), 30)
  })

  it('waits a random time between half of the pause and all of it, and at least the usual interval', async () => {
    const page = open()
    page.answers('no network')
    imsg({ ...page.world, random: () => 0 }).session.subscribe(() => {})
    await settled()
    equal(page.pause(), 5)
    await page.pass(5)
    equal(page.pause(), 10)
  })

  each('aborts a request after 15 seconds without a whole response', ['silence', 'half an answer'])(
    async (reply) => {
      const page = await listening(reply)
      await page.pass(14)
      deepEqual(page.heard, ['unknown'])
      await page.pass(1)
      deepEqual([page.heard, page.pause()], [['unknown', 'unavailable no_answer'], 10])
    },
  )
})

describe('calls of the browser client', () => {
  it('return the units of the response, and reject a response without units', async () => {
    const page = open()
    const units = [{ name: 'north', displayName: 'North', preferred: true }]
    page.answers({ status: 200, body: { msg: 'Unit set', units, preferred: 'north' } })
    const found = await page.gateway.units()
    deepEqual([found.units, found.preferred], [units, 'north'])
    equal(page.asked[0]?.url, '/imsg-service/v1/units')
    page.answers({ status: 200, body: { msg: 'Welcome' } })
    await rejects(page.gateway.units(), { status: 200, code: 'not_the_gateway' })
  })

  const notHeld = { code: 'unit_not_held', title: 'You do not belong to this unit' }
  each('reject with status, code and message of a refusal, and tell no subscriber', [
    [notHeld, notHeld.code, notHeld.title],
    ['errors.auth.Forbidden', 'errors.auth.Forbidden', 'errors.auth.Forbidden'],
    [{ message: 'Forbidden' }, 'http_403', 'http_403'],
  ])(async ([body, code, message]) => {
    const page = open()
    const chosen: unknown[] = []
    page.gateway.units.subscribe((unit) => void chosen.push(unit))
    page.answers({ status: 403, body })
    await rejects(page.gateway.setUnit('west'), { name: 'ImsgError', status: 403, code, message })
    await settled()
    deepEqual(chosen, [])
  })

  it('start a login that returns to a path on the same origin, or to a URL from another origin', () => {
    const { gateway, went, world } = open()
    gateway.login('demo')
    gateway.login('a/b', '/next')
    imsg({ ...world, base: 'https://id.example.test/imsg-service/v1' }).login('demo')
    deepEqual(went, [
      '/imsg-service/v1/org/demo/login?callback=%2Fedit%3Fa%3D1%23top',
      '/imsg-service/v1/org/a%2Fb/login?callback=%2Fnext',
      'https://id.example.test/imsg-service/v1/org/demo/login?callback=https%3A%2F%2Fgw.example.test%2Fedit%3Fa%3D1%23top',
    ])
  })

  it('navigate to the callback of a logout only when the gateway redirects there', async () => {
    const { gateway, world, went, asked } = open()
    const redirection = Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' })
    const agreed = imsg({ ...world, fetch: (url, init) => world.fetch(url, init).then(() => redirection) })
    await agreed.logout('/bye')
    deepEqual(
      asked.map(({ url, init: { method, redirect } }) => [method, url, redirect]),
      [['POST', '/imsg-service/v1/logout?callback=%2Fbye', 'manual']],
    )
    await gateway.logout('https://evil.example/')
    deepEqual(went, ['/bye'])
  })

  it('navigate to the logout of the identity service only when a callback is given', async () => {
    const page = open()
    const logoutUrl = 'https://id.example.test/v1/org/demo/logout?callback=x'
    page.answers({ status: 200, body: { msg: 'You are logged out', logoutUrl } })
    equal(await page.gateway.logout(), logoutUrl)
    deepEqual(page.went, [])
    await page.gateway.logout('/goodbye')
    deepEqual(page.went, [logoutUrl])
  })

  it('poll at once after a refused logout', async () => {
    const page = await listening(good)
    page.answers(down)
    await rejects(page.gateway.logout(), { status: 503, code: 'table_unavailable' })
    await settled()
    deepEqual(page.heard, ['unknown', 'signed-in', 'unavailable table_unavailable'])
  })
})
