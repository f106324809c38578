import type { BrowserContext, Cookie, Page } from 'playwright-core'
import { type Deployed, prefix } from './gateways.ts'

/** The address that starts a login and comes back to `callback`. */
export const loginUrl = ({ url }: Pick<Deployed, 'url'>, callback: string, org = 'demo'): string =>
  `${url}${prefix}/org/${org}/login?callback=${encodeURIComponent(callback)}`

/** Signs in as this person on the page of the identity service. */
export const choose = (page: Page, name = 'Edith Reyes'): Promise<void> =>
  page.getByRole('link', { name }).click()

/** Waits until the demo page shows this state. */
export const says = (page: Page, state: 'Signed in' | 'Signed out'): Promise<void> =>
  page.getByRole('status').getByText(state, { exact: true }).waitFor()

/** Signs in, and returns to the demo page. */
export const signIn = async (page: Page, at: Deployed): Promise<void> => {
  await page.goto(loginUrl(at, '/'))
  await choose(page)
  await says(page, 'Signed in')
}

/** The cookies of this name, without their values. */
export const cookiesNamed = async (context: BrowserContext, name: RegExp): Promise<Cookie[]> =>
  (await context.cookies()).filter((cookie) => name.test(cookie.name))
