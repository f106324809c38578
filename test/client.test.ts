import { deepEqual, equal } from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { imsg } from '../client/imsg.ts'
import { down, good, listening, open, type Pages, settled, signedOut } from './support/client-page.ts'
import { each } from './support/each.ts'

describe('the browser client: asking for the session', () => {
  it('asks with cookies, past every cache, for problem documents', async () => {
    const [{ url, init } = { url: '', init: {} }] = (await listening(good)).asked
    const { method, credentials, cache, headers } = init
    deepEqual(
      [url, method, credentials, cache],
      [...['/imsg-service/v1/token-is-set', 'GET'], ...['include', 'no-store']],
    )
    deepEqual(headers, { accept: 'application/problem+json' })
  })

  it('sends one request however many ask', async () => {
    const { gateway, asked } = open()
    const sessions = await Promise.all([gateway.session(), gateway.session(), gateway.session()])
    deepEqual(sessions, Array(3).fill('signed-in'))
    equal(asked.length, 1)
  })

  it('tells a subscriber the state as it is, then each change and no repetition', async () => {
    const page = await listening(good)
    await page.pass(5)
    page.answers(signedOut)
    await page.pass(5)
    deepEqual(page.heard, ['unknown', 'signed-in', 'signed-out token_revoked'])
    equal(page.asked.length, 3)
  })

  it('polls for nobody: not before the first subscriber and not after the last', async () => {
    const page = open()
    await page.gateway.session()
    equal(page.pause(), undefined)
    const stop = page.subscribe()
    await settled()
    equal(page.pause(), 5)
    stop()
    equal(page.pause(), undefined)
  })

  it('goes on although a listener throws', async () => {
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

  it('stops polling on 401, until it is asked or seen', async () => {
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

  it('slows down in a hidden tab and asks at once when it is seen again', async () => {
    const page = await listening(good)
    await page.show(true)
    await page.pass(5)
    deepEqual([page.asked.length, page.pause()], [2, 30])
    await page.show(false)
    deepEqual([page.asked.length, page.pause()], [3, 5])
  })

  it('falls silent when it is closed', async () => {
    const pages: Pages = new Set()
    const page = await listening(good, pages)
    page.gateway.close()
    await page.show(false)
    deepEqual([page.asked.length, page.pause(), pages.size], [1, undefined, 0])
    deepEqual(getEventListeners(page.tab, 'visibilitychange'), [])
    page.answers(signedOut)
    equal(await page.gateway.session(), 'signed-out')
    equal(page.pause(), undefined)
    page.subscribe()
    await settled()
    deepEqual([page.asked.length, page.pause(), page.heard], [2, undefined, ['unknown', 'signed-in']])
  })
})

describe('the browser client: a gateway that is not available', () => {
  each('takes no failure for a sign-out, and goes on', [
    ['table_unavailable', down],
    // The API itself, no network, a proxy, a page of somebody else, a service that answers every path.
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

  it('takes the documented key alone for a sign-out too', async () =>
    deepEqual((await listening({ status: 401, body: 'errors.auth.MissingToken' })).heard, [
      'unknown',
      'signed-out errors.auth.MissingToken',
    ]))

  it('tells a cause that changes, and one that stays no second time', async () => {
    const page = await listening(down)
    await page.pass(10)
    page.answers('no network')
    await page.pass(60)
    page.answers(down)
    await page.pass(60)
    const both = ['unavailable table_unavailable', 'unavailable no_answer']
    deepEqual(page.heard, ['unknown', ...both, both[0]])
    equal(page.asked.length, 4)
  })

  each('has words for 429, and waits as long as it is asked to', [
    ['45', 'Too many requests, ask again in 45 s', 45],
    // However long it asks for.
    ['86400', 'Too many requests, ask again in 86400 s', 600],
    ['1', 'Too many requests, ask again in 1 s', 10],
    [undefined, 'Too many requests', 10],
    ['Fri, 27 Nov 2026 00:00:00 GMT', 'Too many requests', 10],
    ['-1', 'Too many requests', 10],
  ])(async ([retryAfter, message, pause]) => {
    const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
    const page = open()
    const told: unknown[] = []
    page.answers({ status: 429, body: { message: 'Too Many Requests' }, headers })
    page.gateway.session.subscribe((_, why) => told.push(why?.message))
    await settled()
    deepEqual([told.at(-1), page.pause()], [message, pause])
  })

  it('backs off up to a minute, and returns to its pace with the first good answer', async () => {
    const page = await listening(down)
    const pauses = []
    for (let round = 0; round < 6; round++) {
      pauses.push(page.pause())
      await page.pass(60)
    }
    deepEqual(pauses, [10, 20, 40, 60, 60, 60])
    page.answers(good)
    await page.pass(60)
    equal(page.pause(), 5)
  })

  it('is no faster in a hidden tab than it would be without the failure', async () => {
    const page = await listening(good)
    await page.show(true)
    page.answers(down)
    await page.pass(5)
    equal(page.pause(), 30)
  })

  it('leaves half of the pause to chance, and is never faster than usual', async () => {
    const page = open()
    const gateway = imsg({ ...page.world, random: () => 0 })
    page.answers('no network')
    gateway.session.subscribe(() => {})
    await settled()
    equal(page.pause(), 5)
    await page.pass(5)
    equal(page.pause(), 10)
  })

  it('goes on to the logout of the identity service, where the gateway names one, only with a page to come back to', async () => {
    const page = open()
    const logoutUrl = 'https://id.example.test/v1/org/demo/logout?callback=x'
    page.answers({ status: 200, body: { msg: 'You are logged out', logoutUrl } })
    equal(await page.gateway.logout(), logoutUrl)
    deepEqual(page.went, [])
    await page.gateway.logout('/goodbye')
    deepEqual(page.went, [logoutUrl])
  })

  it('gives up a request that is never answered, or whose body never comes, and asks again', async () => {
    for (const reply of ['silence', 'half an answer'] as const) {
      const page = await listening(reply)
      await page.pass(14)
      deepEqual(page.heard, ['unknown'])
      await page.pass(1)
      deepEqual(page.heard, ['unknown', 'unavailable no_answer'])
      equal(page.pause(), 10)
    }
  })
})
