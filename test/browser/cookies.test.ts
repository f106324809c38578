import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { browsing } from './chromium.ts'
import { overHttp, overHttps, prefix } from './gateways.ts'
import { choose, loginUrl, says, signIn } from './steps.ts'

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

/** Lifetime of a token of the stand-in, in seconds. */
const session = 8 * 3600

describe('cookies of the gateway', () => {
  browsing(
    'are not readable by scripts and stay on its host, except the session cookie, which sibling hosts get',
    async (page, context) => {
      const attributes = { path: '/', httpOnly: true, secure: true, sameSite: 'Lax' as const }
      const hostOnly = { domain: 'gw.sso.localhost', ...attributes }
      const desk = `${https.at('app.sso.localhost')}/desk`
      let sent = ''
      https.front.serve('app.sso.localhost/desk', '<!doctype html><title>desk</title>', ({ headers }) => {
        sent = headers.cookie ?? ''
        return {}
      })
      await page.goto(loginUrl(https, desk))
      deepEqual(await stored(context), [{ name: '__Host-imsg-login-*', lifetime: 1800, ...hostOnly }])

      await choose(page)
      await page.waitForURL(desk)
      deepEqual(await stored(context), [
        { name: '__Host-imsg-rounds', lifetime: 60, ...hostOnly },
        { name: '__Host-imsg-seal', lifetime: session, ...hostOnly },
        { name: 'imidToken', lifetime: session, ...attributes, domain: '.sso.localhost' },
      ])
      match(sent, /^imidToken=ey[^;]+$/)
      await page.goto(https.url)
      await says(page, 'Signed in')
      equal(await page.evaluate('document.cookie'), '')
    },
  )

  browsing('are not in the response of /authorize to a script on its host', async (page, context) => {
    await signIn(page, http)
    await context.addCookies([{ name: 'secret', value: 'canary', url: http.url, httpOnly: true }])
    for (const headers of [{}, { 'Sec-Imid-Proxy': '1', 'X-Sec-Imid-Proxy': '1' }]) {
      const [status, read] = await page.evaluate(
        async ({ url, headers }) => {
          const answer = await fetch(url, { headers })
          return [answer.status, Object.fromEntries(answer.headers)] as const
        },
        { url: `${http.url}${prefix}/authorize?org=demo`, headers },
      )
      deepEqual([status, read['x-imid-token'], read['x-imid-cookie']], [200, '', ''])
      equal(/ey[\w-]+\.|canary/.test(JSON.stringify(read)), false)
    }
  })
})

/** Opens a page of a sibling host that sets this session cookie for every host of the site. */
const plant = async (page: Page, value: string, path = prefix) => {
  const cookie = `imidToken=${value}; Domain=sso.localhost; Path=${path}; Secure`
  https.front.serve('evil.sso.localhost/plant', '<!doctype html>', () => ({ 'set-cookie': cookie }))
  await page.goto(`${https.at('evil.sso.localhost')}/plant`)
  await page.goto(https.url)
}

/** The response of the gateway to a page on its host. */
const ask = async (page: Page, path: string, method = 'GET') =>
  page.evaluate(
    async ({ url, method }) => {
      const answer = await fetch(url, { method })
      return { status: answer.status, body: await answer.text() }
    },
    { url: `${prefix}${path}`, method },
  )

/** Domain and path of each session cookie. */
const sessionCookies = async (context: BrowserContext) =>
  (await context.cookies())
    .filter(({ name }) => name === 'imidToken')
    .map(({ domain, path }) => `${domain} ${path}`)

describe('a session cookie that a sibling host sets', () => {
  browsing('does not replace the session, and is cleared by the next poll', async (page, context) => {
    await signIn(page, https)
    const { token } = await https.control({ do: 'issue', user: 'visitor' })
    await plant(page, String(token))
    await says(page, 'Signed in')
    const { status, body } = await ask(page, '/units')
    const names = JSON.parse(body).units.map(({ name }: { name: string }) => name)
    deepEqual([status, names], [200, ['north', 'south']])
    deepEqual(await sessionCookies(context), ['.sso.localhost /'])
  })

  browsing(
    'does not end the session when it is malformed, and is cleared by a logout',
    async (page, context) => {
      await signIn(page, https)
      await plant(page, 'rubbish')
      equal((await ask(page, '/token-is-set')).status, 200)
      await plant(page, 'rubbish', `${prefix}/units/`)
      equal((await sessionCookies(context)).length, 2)
      await ask(page, '/logout', 'POST')
      deepEqual(await sessionCookies(context), [])
      equal((await ask(page, '/token-is-set')).status, 401)
    },
  )
})
