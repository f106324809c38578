import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe } from 'node:test'
import type { BrowserContext } from 'playwright-core'
import { browsing } from './chromium.ts'
import { overHttp, overHttps } from './gateways.ts'
import { choose, loginUrl, says } from './steps.ts'

const [http, https] = await Promise.all([overHttp(), overHttps()])

/** Every cookie of the browser with its attributes, and its lifetime in seconds to the nearest ten. */
const stored = async (context: BrowserContext) => {
  const cookies = (await context.cookies()).map(({ value, expires, name, ...attributes }) => {
    ok(value !== '')
    const lifetime = Math.round((expires - Date.now() / 1000) / 10) * 10
    return { name: name.replace(/(login-)[A-Za-z0-9_-]{8}$/, '$1*'), lifetime, ...attributes }
  })
  return cookies.sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** What a token of the stand-in has left: eight hours. */
const session = 8 * 3600

describe('cookies over plain http on localhost', () => {
  const ours = { domain: 'localhost', path: '/', httpOnly: true, secure: false, sameSite: 'Lax' as const }

  browsing('are one during a login and three after it, without prefix and Secure', async (page, context) => {
    await page.goto(loginUrl(http, '/'))
    deepEqual(await stored(context), [{ name: 'imsg-login-*', lifetime: 1800, ...ours }])
    await choose(page)
    await says(page, 'Signed in')
    deepEqual(await stored(context), [
      { name: 'imidToken', lifetime: session, ...ours },
      { name: 'imsg-rounds', lifetime: 60, ...ours },
      { name: 'imsg-seal', lifetime: session, ...ours },
    ])
  })
})

describe('cookies over https with a parent domain', () => {
  const attributes = { path: '/', httpOnly: true, secure: true, sameSite: 'Lax' as const }
  const hostOnly = { domain: 'gw.sso.localhost', ...attributes }
  const shared = { domain: '.sso.localhost', ...attributes }
  const app = https.at('app.sso.localhost')

  browsing(
    'belong to the gateway’s host, but for the session, which its siblings share',
    async (page, context) => {
      let seen = ''
      https.front.serve('app.sso.localhost/desk', '<!doctype html><title>desk</title>', ({ headers }) => {
        seen = headers.cookie ?? ''
        return {}
      })
      await page.goto(loginUrl(https, `${app}/desk`))
      deepEqual(await stored(context), [{ name: '__Host-imsg-login-*', lifetime: 1800, ...hostOnly }])

      await choose(page)
      await page.waitForURL(`${app}/desk`)
      deepEqual(await stored(context), [
        { name: '__Host-imsg-rounds', lifetime: 60, ...hostOnly },
        { name: '__Host-imsg-seal', lifetime: session, ...hostOnly },
        { name: 'imidToken', lifetime: session, ...shared },
      ])
      match(seen, /^imidToken=ey[^;]+$/)
      equal(await page.evaluate('document.cookie'), '')

      await page.goto(https.url)
      await says(page, 'Signed in')
      equal(await page.evaluate('document.cookie'), '')
    },
  )
})
