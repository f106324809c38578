import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe } from 'node:test'
import type { Page } from 'playwright-core'
import { until } from '../support/ports.ts'
import { browsing } from './chromium.ts'
import { overHttp, prefix } from './gateways.ts'
import { loginUrl } from './steps.ts'

const { front, ...at } = await overHttp()
const login = loginUrl(at, '/')

const speculation = (kind: 'prefetch' | 'prerender') =>
  `<script type="speculationrules">${JSON.stringify({ [kind]: [{ urls: [login], eagerness: 'immediate' }] })}</script>`

/** Opens a page with this content, and returns the Fetch Metadata of its request for the login. */
const bystander = async (page: Page, host: string, content: string) => {
  front.serve(`${host}/bystander`, `<!doctype html><title>bystander</title>${content}`)
  front.asked.length = 0
  await page.goto(`${at.at(host)}/bystander`)
  const asked = () => front.last(`GET localhost${prefix}/org/demo/login`)
  ok(await until(async () => asked()?.answer !== undefined))
  const { headers = {}, answer } = asked() ?? {}
  deepEqual(
    [answer?.statusCode, answer?.headers.location, answer?.headers['set-cookie']],
    [401, undefined, undefined],
  )
  return `${headers['sec-fetch-mode']} ${headers['sec-fetch-dest']} ${headers['sec-purpose']}`
}

const script = `<script>fetch('${login}', { credentials: 'include', mode: 'no-cors' })</script>`

describe('a request for the login that is not a navigation', () => {
  for (const [what, host, content, how] of [
    ['a prefetched link', 'localhost', `<link rel="prefetch" href="${login}">`, 'no-cors empty prefetch'],
    ['a prefetch by speculation rules', 'localhost', speculation('prefetch'), 'navigate document prefetch'],
    ['a prerendered page', 'localhost', speculation('prerender'), 'navigate document prefetch;prerender'],
    ['an image', 'app.localhost', `<img src="${login}" alt="">`, 'no-cors image undefined'],
    ['an iframe', 'app.localhost', `<iframe src="${login}"></iframe>`, 'navigate iframe undefined'],
    ['a script that fetches', 'app.localhost', script, 'no-cors empty undefined'],
  ] as const)
    browsing(`is answered 401 without a cookie: ${what}`, async (page, context) => {
      equal(await bystander(page, host, content), how)
      deepEqual(await context.cookies(), [])
    })

  browsing('does not stop a later login through the same link', async (page) => {
    const link = `<a href="${login}">Sign in</a>`
    await bystander(page, 'localhost', link + speculation('prerender'))
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Sign in to Demo News' }).waitFor()
  })
})
