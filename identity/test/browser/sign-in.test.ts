import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { en } from '../../../lib/errors/en.ts'
import { sv } from '../../../lib/errors/sv.ts'
import { accessible } from '../../../test/browser/accessibility.ts'
import { person, screenshot } from '../../../test/browser/chromium.ts'
import { startEverything } from '../support/started.ts'

/** Logins and logouts in Chromium: its cookies, its Fetch Metadata, its redirects between sites. */

const { gateway, identity, provider } = await startEverything()
const home = `${gateway}/`
const login = `${gateway}/imsg-service/v1/login?org=demo&callback=${encodeURIComponent(home)}`

const signIn = async (page: Page): Promise<void> => {
  await page.goto(login)
  await page.getByRole('button', { name: 'Edith Reyes' }).click()
  await page.waitForURL(home)
}
const cookiesOf = async (context: BrowserContext): Promise<string[]> =>
  (await context.cookies(identity)).map(({ name }) => name)
const isIn = (page: Page): Promise<boolean> =>
  page.evaluate(async () => (await fetch('/imsg-service/v1/token-is-set')).status === 200)

/** Submits a logout form, as a page of a service does. */
const submitLogout = (page: Page): Promise<unknown> =>
  page.evaluate(`
    const form = document.createElement('form')
    form.method = 'post'
    form.action = '/imsg-service/v1/logout?callback=${encodeURIComponent(home)}'
    document.body.append(form)
    form.submit()`)

describe('In Chromium', () => {
  it('a person signs in, sees their units, and keeps no cookie of the sign-in', async () => {
    const context = await person()
    const page = await context.newPage()
    await signIn(page)
    equal(await isIn(page), true)
    const units = await page.evaluate(async () => (await fetch('/imsg-service/v1/units')).text())
    deepEqual(
      JSON.parse(units).units.map(({ name }: { name: string }) => name),
      ['north', 'south'],
    )
    ok(!(await cookiesOf(context)).some((name) => name.startsWith('imsg-sign-in')))
  })

  it('a logout redirects to the provider and back, and the next login asks for the person', async () => {
    const context = await person({ bypassCSP: true })
    const page = await context.newPage()
    await signIn(page)
    await submitLogout(page)
    await page.waitForURL(`${provider}/session/end**`)
    await page.getByRole('button', { name: /yes/i }).click()
    await page.waitForURL(home)
    equal(await isIn(page), false)
    ok(!(await cookiesOf(context)).includes('imsg-hint'))
    await page.goto(login)
    await page.getByRole('button', { name: 'Edith Reyes' }).waitFor()
    await accessible(page, 'the page of the provider')
    await screenshot(page, 'identity-provider')
  })

  it('a session ends when the person signs out at the provider (back-channel logout)', async () => {
    const page = await (await person()).newPage()
    await signIn(page)
    // Times in tokens are whole seconds.
    await page.waitForTimeout(1100)
    equal(await isIn(page), true)
    await page.goto(`${provider}/session/end`)
    await page.getByRole('button', { name: /yes/i }).click()
    await page.waitForURL(`${provider}/session/end/success**`)
    await page.goto(home)
    equal(await isIn(page), false)
  })

  it('a logout in a frame of another site is answered 401', async () => {
    const context = await person()
    const page = await context.newPage()
    await page.goto(`${provider}/.well-known/openid-configuration`)
    const answer = page.waitForResponse((response) => response.url().startsWith(identity))
    await page.evaluate(`
      const frame = document.createElement('iframe')
      frame.src = '${identity}/v1/org/demo/logout'
      document.body.append(frame)`)
    equal((await answer).status(), 401)
  })

  for (const [language, title] of [
    ['en', en.failures.organisation_unknown.title],
    ['sv', sv.failures.organisation_unknown.title],
  ] as const)
    it(`a failure is shown on an accessible page: ${language}`, async () => {
      const context = await person({ locale: language })
      const page = await context.newPage()
      await page.goto(`${identity}/v1/org/nobody/login?callback=x`)
      await page.getByRole('heading', { name: title }).waitFor()
      await accessible(page, title)
      await screenshot(page, `identity-${language}`)
    })
})
