import { deepEqual, equal } from 'node:assert/strict'
import { describe } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { browsing } from './chromium.ts'
import { overHttps, prefix } from './gateways.ts'
import { says, signIn } from './steps.ts'

/** A sibling host sets the session cookie itself: the seal decides whose session counts. */

const gateway = await overHttps()

/** A page of a sibling host that sets this cookie for every host of the site. */
const plant = async (page: Page, value: string, path = prefix) => {
  const cookie = `imidToken=${value}; Domain=sso.localhost; Path=${path}; Secure`
  gateway.front.serve('evil.sso.localhost/plant', '<!doctype html>', () => ({ 'set-cookie': cookie }))
  await page.goto(`${gateway.at('evil.sso.localhost')}/plant`)
}

/** What the gateway answers a page of its own. */
const ask = async (page: Page, path: string, method = 'GET') =>
  page.evaluate(
    async ({ url, method }) => {
      const answer = await fetch(url, { method })
      return { status: answer.status, body: await answer.text() }
    },
    { url: `${prefix}${path}`, method },
  )

const slots = async (context: BrowserContext) =>
  (await context.cookies())
    .filter(({ name }) => name === 'imidToken')
    .map(({ domain, path }) => `${domain} ${path}`)

const own = ['.sso.localhost /']

describe('a session cookie that a sibling host plants', () => {
  browsing('does not take a session over, and goes with the next poll', async (page, context) => {
    await signIn(page, gateway)
    const { token } = await gateway.control({ do: 'issue', user: 'visitor' })
    await plant(page, String(token))
    equal((await slots(context)).length, 2)
    await page.goto(gateway.url)
    await says(page, 'Signed in')
    const { status, body } = await ask(page, '/units')
    deepEqual(
      [status, JSON.parse(body).units.map(({ name }: { name: string }) => name)],
      [200, ['north', 'south']],
    )
    deepEqual(await slots(context), own)
  })

  browsing(
    'does not lock a person out with rubbish, and a logout clears every slot',
    async (page, context) => {
      await signIn(page, gateway)
      await plant(page, 'rubbish')
      await page.goto(gateway.url)
      equal((await ask(page, '/token-is-set')).status, 200)
      deepEqual(await slots(context), own)
      await plant(page, 'rubbish', `${prefix}/units/`)
      await page.goto(gateway.url)
      await ask(page, '/logout', 'POST')
      deepEqual(await slots(context), [])
      equal((await ask(page, '/token-is-set')).status, 401)
    },
  )
})
