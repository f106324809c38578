import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { person } from './chromium.ts'
import { overHttp, prefix } from './gateways.ts'
import { choose, loginUrl } from './steps.ts'

const at = await overHttp()

/** Service workers of pages on the gateway's own host, as they are commonly written. */
const workers = {
  'passes requests on': 'addEventListener("fetch", (event) => event.respondWith(fetch(event.request)))',
  // What Workbox's NetworkFirst does: the network with a limit, and the cache for what was seen before.
  'asks the network first, then its cache': `
const fromNetwork = async (request) => {
  const response = await fetch(request)
  if (response.status === 200) (await caches.open('pages')).put(request, response.clone())
  return response
}
const patience = () => new Promise((done) => setTimeout(done, 10_000))
const networkFirst = async (request) =>
  (await Promise.race([fromNetwork(request), patience()]).catch(() => undefined)) ??
  (await caches.match(request)) ?? Response.error()
addEventListener('fetch', (event) => {
  if (event.request.method === 'GET') event.respondWith(networkFirst(event.request))
})`,
} as const

const claim = `
addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(clients.claim()))`

const serve = (source: string): void => {
  at.front.services.set('localhost/worker.js', (_, response) =>
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(source + claim),
  )
  at.front.services.set('localhost/page', '<!doctype html><title>page</title><h1>A page with a worker</h1>')
}

/** Registers the worker in this page and waits until it is in charge of it. */
const register = (page: Page): Promise<void> =>
  page.evaluate(`(async () => {
    await navigator.serviceWorker.register('/worker.js')
    if (!navigator.serviceWorker.controller)
      await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done))
  })()`)

const pageIn = async (context: BrowserContext): Promise<Page> => {
  const page = await context.newPage()
  await page.goto(`${at.url}/page`)
  return page
}

/** How the browser told the gateway of the last request for this path. */
const metadata = (path: string): string => {
  const { headers } = at.front.asked.findLast(({ what }) => what.startsWith(`GET localhost${path}`)) ?? {}
  return `${headers?.['sec-fetch-mode']} ${headers?.['sec-fetch-dest']}`
}

const pollFrom = (page: Page): Promise<number> =>
  page.evaluate(`fetch('${prefix}/token-is-set', { cache: 'no-store' }).then(({ status }) => status)`)

describe('a page with a service worker', () => {
  for (const [how, source] of Object.entries(workers)) {
    it(`signs in when the worker ${how} since before the login`, async () => {
      serve(source)
      at.front.asked.length = 0
      const context = await person()
      const page = await pageIn(context)
      await register(page)

      await page.evaluate(`location.assign(${JSON.stringify(loginUrl(at, '/page'))})`)
      await choose(page)
      await page.waitForURL(`${at.url}/page`)
      equal(await pollFrom(page), 200)
      // The premise: this is what such a worker makes of a navigation.
      equal(metadata(`${prefix}/org/demo/login`), 'navigate empty')
      await context.close()
    })

    it(`signs in when a worker that ${how} is registered in the middle of the login`, async () => {
      serve(source)
      at.front.asked.length = 0
      const context = await person()
      const page = await context.newPage()
      await page.goto(loginUrl(at, '/page'))
      await register(await pageIn(context))

      await choose(page)
      await page.waitForURL(`${at.url}/page`)
      equal(await pollFrom(page), 200)
      equal(metadata(`${prefix}/callback`), 'navigate empty')
      await context.close()
    })
  }

  it('lends its worker to no frame on another site', async () => {
    serve(workers['passes requests on'])
    const context = await person()
    const page = await pageIn(context)
    await register(page)
    const framing = `<!doctype html><title>frame</title><iframe src="${loginUrl(at, '/page')}"></iframe>`
    at.front.services.set('app.localhost/framing', framing)
    const answered = page.waitForResponse(`**${prefix}/org/demo/login?*`)
    await page.goto(`${at.at('app.localhost')}/framing`)
    equal((await answered).status(), 401)
    equal(metadata(`${prefix}/org/demo/login`), 'navigate iframe')
    equal((await context.cookies()).length, 0)
    await context.close()
  })

  it('starts no login by a fetch of the worker or of the page', async () => {
    serve(workers['passes requests on'])
    const context = await person()
    const page = await pageIn(context)
    await register(page)
    const fetched = await page.evaluate(
      `fetch(${JSON.stringify(loginUrl(at, '/page'))}, { redirect: 'manual' }).then(({ status }) => status)`,
    )
    equal(fetched, 401)
    equal((await context.cookies()).length, 0)
    await context.close()
  })
})
