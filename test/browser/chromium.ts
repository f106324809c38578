import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, it } from 'node:test'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'

/** The browser of this suite: one process, and for each test an empty profile in it. */

const executablePath = process.env.CHROMIUM || '/usr/bin/chromium'

if (!existsSync(executablePath))
  throw new Error(
    `There is no Chromium at ${executablePath}. On Debian: apt-get install chromium. Elsewhere: set CHROMIUM to the path of one.`,
  )

const options = {
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
}

let browser: Promise<Browser> | undefined
after(async () => (await browser)?.close())

/** A browser that has never been anywhere. It takes the test's self-signed certificate for a good one. */
export const person = async (more: BrowserContextOptions = {}): Promise<BrowserContext> => {
  browser ??= chromium.launch(options)
  return (await browser).newContext({ ignoreHTTPSErrors: true, ...more })
}

type Work = (page: Page, context: BrowserContext) => Promise<void>

/** A test in such a browser, with an empty page open. */
export const browsingWith =
  (options: BrowserContextOptions) =>
  (title: string, work: Work): void => {
    it(title, async () => {
      const context = await person(options)
      await work(await context.newPage(), context)
      await context.close()
    })
  }
export const browsing = browsingWith({})

const screenshots = join(import.meta.dirname, '../../.local/screenshots')

/** Writes down what a person sees and could scroll to, for whoever wants to look. */
export const screenshot = async (page: Page, name: string): Promise<void> => {
  await mkdir(screenshots, { recursive: true })
  await page.screenshot({ path: join(screenshots, `${name}.png`), animations: 'disabled', fullPage: true })
}
