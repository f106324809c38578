import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { person } from './chromium.ts'
import { overHttp, prefix } from './gateways.ts'
import { loginUrl } from './steps.ts'

const at = await overHttp()
const login = loginUrl(at, '/')
const place = `GET localhost${prefix}/org/demo/login`

/** The first request for the login, once it has been answered. */
const asked = async () => {
  for (let wait = 0; wait < 200; wait++) {
    const found = at.front.asked.find(({ what, answer }) => what === place && answer)
    if (found) return found
    await pause(50)
  }
  throw new Error('the browser has not asked for the login')
}

const speculation = (kind: 'prefetch' | 'prerender') =>
  `<script type="speculationrules">${JSON.stringify({ [kind]: [{ urls: [login], eagerness: 'immediate' }] })}</script>`

describe('what only looks like a login', () => {
  for (const [what, host, content, how] of [
    ['a prefetched link', 'localhost', `<link rel="prefetch" href="${login}">`, 'no-cors empty prefetch'],
    ['a prefetch by speculation rules', 'localhost', speculation('prefetch'), 'navigate document prefetch'],
    ['a prerendered page', 'localhost', speculation('prerender'), 'navigate document prefetch;prerender'],
    ['an image', 'app.localhost', `<img src="${login}" alt="">`, 'no-cors image undefined'],
    ['an iframe', 'app.localhost', `<iframe src="${login}"></iframe>`, 'navigate iframe undefined'],
    [
      'a script that fetches',
      'app.localhost',
      `<script>fetch('${login}', { credentials: 'include', mode: 'no-cors' })</script>`,
      'no-cors empty undefined',
    ],
  ] as const)
    it(`starts nothing: ${what}`, async () => {
      at.front.services.set(`${host}/bystander`, `<!doctype html><title>bystander</title>${content}`)
      at.front.asked.length = 0
      const context = await person()
      const page = await context.newPage()
      await page.goto(`${at.at(host)}/bystander`)
      const { headers, answer } = await asked()
      equal(`${headers['sec-fetch-mode']} ${headers['sec-fetch-dest']} ${headers['sec-purpose']}`, how)
      deepEqual(
        [answer?.status, answer?.headers.location, answer?.headers['set-cookie']],
        [401, undefined, undefined],
      )
      deepEqual(await context.cookies(), [])
      await context.close()
    })

  for (const kind of ['prefetch', 'prerender'] as const)
    it(`does not spoil the login of whoever follows the link after a ${kind}`, async () => {
      const link = `<a href="${login}">Sign in</a>`
      at.front.services.set(
        'localhost/bystander',
        `<!doctype html><title>x</title>${link}${speculation(kind)}`,
      )
      at.front.asked.length = 0
      const context = await person()
      const page = await context.newPage()
      await page.goto(`${at.url}/bystander`)
      equal((await asked()).answer?.status, 401)
      await page.getByRole('link', { name: 'Sign in' }).click()
      await page.getByRole('heading', { name: 'Sign in to Demo News' }).waitFor()
      await context.close()
    })
})
