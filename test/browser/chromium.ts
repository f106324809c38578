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

/** A new browser profile in one shared process. It accepts the self-signed certificate of the tests. */
export const person = async (more: BrowserContextOptions = {}): Promise<BrowserContext> => {
  browser ??= chromium.launch(options)
  return (await browser).newContext({ ignoreHTTPSErrors: true, ...more })
}

type Work = (page: Page, context: BrowserContext) => Promise<void>

/** A test in a new profile with an empty page. */
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

/** Saves a picture of the whole page, for people. */
export const screenshot = async (page: Page, name: string): Promise<void> => {
  await mkdir(screenshots, { recursive: true })
  await page.screenshot({ path: join(screenshots, `${name}.png`), animations: 'disabled', fullPage: true })
}
