import { deepEqual, equal } from 'node:assert/strict'
import { describe } from 'node:test'
import type { Page } from 'playwright-core'
import { browsing } from './chromium.ts'
import { overHttps, prefix } from './gateways.ts'
import { cookiesNamed, says, signIn } from './steps.ts'

const at = await overHttps()
const form = `<form method="post" action="${at.url}${prefix}/logout"><button>Win</button></form>`
for (const host of ['app.sso.localhost', 'stranger.sso.localhost'])
  at.front.serve(`${host}/page`, `<!doctype html><title>${host}</title>${form}`)

type Asking = { method?: string; headers?: Record<string, string>; body?: string }

/** `fetch` with credentials by a script of that page: status and body, or `blocked` by the browser. */
const fetches = (page: Page, path: string, init: Asking = {}): Promise<unknown> =>
  page.evaluate(
    async ({ url, init }) => {
      try {
        const answer = await fetch(url, { credentials: 'include', ...init })
        return [answer.status, await answer.json()]
      } catch {
        return 'blocked'
      }
    },
    { url: `${at.url}${prefix}${path}`, init },
  )

const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"unit":"south"}' }

describe('a page of another origin', () => {
  browsing('can use every route when its origin is listed and on the same site', async (page, context) => {
    await signIn(page, at)
    await page.goto(`${at.at('app.sso.localhost')}/page`)
    deepEqual(await fetches(page, '/token-is-set'), [200, { msg: 'ok' }])
    deepEqual(await fetches(page, '/unit', json), [200, { msg: 'Unit set' }])
    deepEqual(await fetches(page, '/logout', { method: 'POST' }), [200, { msg: 'You are logged out' }])
    deepEqual(await fetches(page, '/token-is-set'), [401, 'errors.auth.MissingToken'])
    deepEqual(await cookiesNamed(context, /^imidToken$/), [])
  })

  browsing(
    'can read and change nothing when its origin is not listed, although the browser sends the cookie',
    async (page, context) => {
      await signIn(page, at)
      await page.goto(`${at.at('stranger.sso.localhost')}/page`)
      for (const [path, init] of [
        ['/token-is-set', {}],
        ['/units', {}],
        ['/unit', json],
        ['/logout', { method: 'POST' }],
      ] as const)
        equal(await fetches(page, path, init), 'blocked', path)

      // CORS does not stop a form, so the gateway has to refuse it.
      await page.getByRole('button').click()
      await page.getByRole('heading', { name: 'This request came from another site' }).waitFor()

      await page.goto(at.url)
      await says(page, 'Signed in')
      equal((await cookiesNamed(context, /^imidToken$/)).length, 1)
    },
  )
})
