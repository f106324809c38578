import { equal } from 'node:assert/strict'
import { describe } from 'node:test'
import type { Page } from 'playwright-core'
import { browsing } from './chromium.ts'
import { overHttp, prefix } from './gateways.ts'
import { choose, loginUrl } from './steps.ts'

const at = await overHttp()

/** A common service worker for pages on the gateway's host. */
const worker = `
addEventListener('fetch', (event) => event.respondWith(fetch(event.request)))
addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(clients.claim()))`

at.front.serve('localhost/worker.js', worker, () => ({ 'content-type': 'text/javascript' }))
at.front.serve('localhost/page', '<!doctype html><title>page</title>')

/** Opens a page that registers the worker, and waits until the worker controls it. */
const register = async (page: Page): Promise<void> => {
  await page.goto(`${at.url}/page`)
  await page.evaluate(`(async () => {
    await navigator.serviceWorker.register('/worker.js')
    if (!navigator.serviceWorker.controller)
      await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done))
  })()`)
}

/** The Fetch Metadata of the last request for this path. */
const metadata = (path: string): string => {
  const { headers } = at.front.last(`GET localhost${path}`) ?? {}
  return `${headers?.['sec-fetch-mode']} ${headers?.['sec-fetch-dest']}`
}

const pollFrom = (page: Page): Promise<number> =>
  page.evaluate(`fetch('${prefix}/token-is-set', { cache: 'no-store' }).then(({ status }) => status)`)

describe('a page with a service worker', () => {
  browsing('signs in when the worker controls the page before the login', async (page) => {
    await register(page)

    await page.evaluate(`location.assign(${JSON.stringify(loginUrl(at, '/page'))})`)
    await choose(page)
    await page.waitForURL(`${at.url}/page`)
    equal(await pollFrom(page), 200)
    // Such a worker turns a navigation into this.
    equal(metadata(`${prefix}/org/demo/login`), 'navigate empty')
  })

  browsing('signs in when the worker is registered during the login', async (page, context) => {
    await page.goto(loginUrl(at, '/page'))
    await register(await context.newPage())

    await choose(page)
    await page.waitForURL(`${at.url}/page`)
    equal(await pollFrom(page), 200)
    equal(metadata(`${prefix}/callback`), 'navigate empty')
  })

  browsing('starts no login in a frame on another site', async (page, context) => {
    await register(page)
    const framing = `<!doctype html><title>frame</title><iframe src="${loginUrl(at, '/page')}"></iframe>`
    at.front.serve('app.localhost/framing', framing)
    const answered = page.waitForResponse(`**${prefix}/org/demo/login?*`)
    await page.goto(`${at.at('app.localhost')}/framing`)
    equal((await answered).status(), 401)
    equal(metadata(`${prefix}/org/demo/login`), 'navigate iframe')
    equal((await context.cookies()).length, 0)
  })
})
