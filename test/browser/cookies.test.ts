import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BrowserContext } from 'playwright-core'
import { person } from './chromium.ts'
import { type Deployed, overHttp, overHttps } from './gateways.ts'
import { choose, loginUrl, says } from './steps.ts'

const [http, https] = await Promise.all([overHttp(), overHttps()])
const now = () => Date.now() / 1000

/** Every cookie as the browser has it, attribute by attribute; of the lifetime, how far it is from what was meant. */
const stored = async (context: BrowserContext, lifetimes: Record<string, number>) => {
  const cookies = await context.cookies()
  return cookies
    .map(({ value, expires, name, ...attributes }) => {
      ok(value !== '')
      const meant = lifetimes[name.replace(/login-.*/, 'login-')] ?? Number.NaN
      ok(Math.abs(expires - now() - meant) < 10, `${name} lives ${expires - now()} s, not ${meant}`)
      return { name: name.replace(/(login-)[A-Za-z0-9_-]{8}$/, '$1*'), ...attributes }
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
}

const begin = async (at: Deployed, callback: string) => {
  const context = await person()
  const page = await context.newPage()
  await page.goto(loginUrl(at, callback))
  return { context, page }
}

/** What a token of the stand-in has left: eight hours. */
const session = 8 * 3600

describe('cookies over plain http on localhost', () => {
  const ours = { domain: 'localhost', path: '/', httpOnly: true, secure: false, sameSite: 'Lax' as const }

  it('are one during a login and three after it, without prefix and Secure', async () => {
    const { context, page } = await begin(http, '/')
    deepEqual(await stored(context, { 'imsg-login-': 1800 }), [{ name: 'imsg-login-*', ...ours }])
    await choose(page)
    await says(page, 'Signed in')
    deepEqual(await stored(context, { imidToken: session, 'imsg-seal': session, 'imsg-rounds': 60 }), [
      { name: 'imidToken', ...ours },
      { name: 'imsg-rounds', ...ours },
      { name: 'imsg-seal', ...ours },
    ])
    await context.close()
  })
})

describe('cookies over https with a parent domain', () => {
  const hostOnly = {
    domain: 'gw.sso.localhost',
    path: '/',
    httpOnly: true,
    secure: true,
    sameSite: 'Lax' as const,
  }
  const shared = { ...hostOnly, domain: '.sso.localhost' }
  const app = https.at('app.sso.localhost')

  it('belong to the gateway’s host, but for the session, which its siblings share', async () => {
    let seen = ''
    https.front.services.set('app.sso.localhost/desk', ({ headers }, response) => {
      seen = headers.cookie ?? ''
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>desk</title><h1>Desk</h1>')
    })
    const { context, page } = await begin(https, `${app}/desk`)
    deepEqual(await stored(context, { '__Host-imsg-login-': 1800 }), [
      { name: '__Host-imsg-login-*', ...hostOnly },
    ])

    await choose(page)
    await page.waitForURL(`${app}/desk`)
    const lifetimes = { imidToken: session, '__Host-imsg-seal': session, '__Host-imsg-rounds': 60 }
    deepEqual(await stored(context, lifetimes), [
      { name: '__Host-imsg-rounds', ...hostOnly },
      { name: '__Host-imsg-seal', ...hostOnly },
      { name: 'imidToken', ...shared },
    ])
    match(seen, /^imidToken=ey[^;]+$/)
    equal(await page.evaluate('document.cookie'), '')

    await page.goto(https.url)
    await says(page, 'Signed in')
    equal(await page.evaluate('document.cookie'), '')
    await page.goto(`${app}/desk`)
    match(seen, /^imidToken=ey[^;]+$/)
    await context.close()
  })
})
