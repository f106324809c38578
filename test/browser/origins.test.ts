import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { person } from './chromium.ts'
import { overHttps, prefix } from './gateways.ts'
import { cookiesNamed, says, signedIn } from './steps.ts'

const at = await overHttps()
const form = `<form method="post" action="${at.url}${prefix}/logout"><button>Win</button></form>`
for (const host of ['app.sso.localhost', 'stranger.sso.localhost'])
  at.front.serve(`${host}/page`, `<!doctype html><title>${host}</title>${form}`)

const pageAt = async (context: BrowserContext, host: string): Promise<Page> => {
  const page = await context.newPage()
  await page.goto(`${at.at(host)}/page`)
  return page
}

type Asking = { method?: string; headers?: Record<string, string>; body?: string }

/** `fetch` with credentials, as a script of that page would: status and body, or that the browser keeps them back. */
const fetches = (page: Page, path: string, init: Asking = {}): Promise<unknown> =>
  page.evaluate(
    async ({ url, init }) => {
      try {
        const answer = await fetch(url, { credentials: 'include', ...init })
        return [answer.status, await answer.json()]
      } catch {
        return 'kept back'
      }
    },
    { url: `${at.url}${prefix}${path}`, init },
  )

const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"unit":"south"}' }

describe('a page of another origin', () => {
  it('reads and changes what the person may, when it is listed and of the same site', async () => {
    const context = await person()
    await signedIn(context, at)
    const page = await pageAt(context, 'app.sso.localhost')
    deepEqual(await fetches(page, '/token-is-set'), [200, { msg: 'ok' }])
    deepEqual(await fetches(page, '/unit', json), [200, { msg: 'Unit set' }])
    deepEqual(await fetches(page, '/logout', { method: 'POST' }), [200, { msg: 'You are logged out' }])
    deepEqual(await fetches(page, '/token-is-set'), [401, 'errors.auth.MissingToken'])
    deepEqual(await cookiesNamed(context, /^imidToken$/), [])
    await context.close()
  })

  it('reads nothing and changes nothing when it is not listed, though the cookie goes along', async () => {
    const context = await person()
    const mine = await signedIn(context, at)
    const page = await pageAt(context, 'stranger.sso.localhost')
    for (const [path, init] of [
      ['/token-is-set', {}],
      ['/units', {}],
      ['/unit', json],
      ['/logout', { method: 'POST' }],
    ] as const)
      equal(await fetches(page, path, init), 'kept back', path)

    // A form needs no permission to be sent: that it was refused shows in what is still there.
    await page.getByRole('button').click()
    await page.getByRole('heading', { name: 'This request came from another site' }).waitFor()

    await mine.getByRole('button', { name: 'Ask now' }).click()
    await says(mine, 'Signed in')
    equal((await cookiesNamed(context, /^imidToken$/)).length, 1)
    await context.close()
  })
})
