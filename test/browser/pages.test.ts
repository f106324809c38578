import { deepEqual, equal, ok } from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { errorResponse, signedOut, startPage } from '../../lib/errors/error-response.ts'
import { incoming } from '../../lib/http/messages.ts'
import { type Code, catalogue, row } from '../../lib/problem.ts'
import type { LoginUrl } from '../../lib/redirect/login-url.ts'
import { accessible } from './accessibility.ts'
import { person, screenshot } from './chromium.ts'
import { overHttp } from './gateways.ts'
import { loginUrl, says, signedIn } from './steps.ts'

const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true }
const desk = { viewport: { width: 1100, height: 900 } }
const schemes = ['light', 'dark'] as const

/** Whether a person has to scroll sideways. */
const tooWide = (page: Page): Promise<boolean> =>
  page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')

const site = {
  publicUrl: 'https://sign-in.example.test',
  siteName: 'Example News',
  errorsUrl: 'https://docs.example.test',
}

/** Every failure as the page that the gateway makes of it, at `/<code>`, and the pages `/signed-out` and `/start`. */
const gallery = createServer(async (request, response) => {
  const code = (request.url ?? '').slice(1) as Code
  const event = {
    rawQueryString: '',
    isBase64Encoded: false,
    headers: request.headers as Record<string, string>,
  }
  const asked = incoming({ ...event, requestContext: { requestId: 'JKJaXmPLvHcESHA=' } }, 'login', 0)
  asked.facts.again = `/again` as LoginUrl
  const { statusCode, headers, body } =
    request.url === '/signed-out'
      ? await signedOut(asked, site)
      : request.url === '/start'
        ? await startPage(asked, site)
        : await errorResponse(asked, code, row(code).answer, site)
  response.writeHead(statusCode, headers).end(body)
})
before(() => new Promise<void>((ready) => gallery.listen(0, '127.0.0.1', ready)))
after(() => gallery.close().closeAllConnections())

const codes = [...(Object.keys(catalogue) as Code[]), 'signed-out', 'start'] as const
/** One with a way on, one without, and the longest. */
const samples: readonly (typeof codes)[number][] = ['token_expired', 'organisation_blocked', 'login_loop']

describe('every error page', { concurrency: true }, () => {
  // Words hang on the language and colours on the scheme: between them, each code is seen in both.
  for (const [locale, colorScheme, shown] of [
    ['en-GB', 'light', codes],
    ['sv-SE', 'dark', codes],
    ['en-GB', 'dark', samples],
    ['sv-SE', 'light', samples],
  ] as const)
    it(`is accessible and fits a phone: ${locale}, ${colorScheme}`, async () => {
      const { port } = gallery.address() as AddressInfo
      const context = await person({ ...phone, locale, colorScheme })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error' && !/status of \d{3}/.test(message.text()))
          complaints.push(message.text())
      })
      for (const code of shown) {
        await page.goto(`http://127.0.0.1:${port}/${code}`)
        await accessible(page, code)
        equal(await tooWide(page), false, code)
        await screenshot(page, `error-${code}-${locale}-${colorScheme}`)
      }
      deepEqual(complaints, [])
      await context.close()
    })

  for (const locale of ['en-GB', 'sv-SE'])
    it(`stays readable when the text is twice as large: ${locale}`, async () => {
      const { port } = gallery.address() as AddressInfo
      const context = await person({ viewport: { width: 320, height: 640 }, locale })
      const page = await context.newPage()
      const wide: string[] = []
      for (const code of codes) {
        await page.goto(`http://127.0.0.1:${port}/${code}`)
        await page.evaluate('document.documentElement.style.fontSize = "200%"')
        if (await tooWide(page)) wide.push(code)
      }
      deepEqual(wide, [])
      await context.close()
    })
})

describe('the code of an error page', () => {
  for (const colorScheme of schemes)
    it(`leads to what is said of it, on a page that is accessible and fits a phone: ${colorScheme}`, async () => {
      const at = await overHttp()
      const context = await person({ ...phone, colorScheme })
      const page = await context.newPage()
      await page.goto(loginUrl(at, '/', 'closed'))
      await page.getByRole('link', { name: 'organisation_blocked', exact: true }).click()
      const entry = page.locator(':target')
      await entry.waitFor()
      equal(await entry.getByRole('heading').textContent(), 'organisation_blocked')
      ok(
        await page.evaluate(
          'document.querySelector(":target").getBoundingClientRect().top < innerHeight / 2',
        ),
      )
      equal(await page.evaluate('document.referrer'), '')
      await accessible(page, 'errors.html')
      equal(await tooWide(page), false)
      await screenshot(page, `errors-phone-${colorScheme}`)
      await context.close()
    })
})

describe('the pages of the demo and of the stand-in', { concurrency: true }, () => {
  for (const colorScheme of schemes)
    for (const [device, size] of [
      ['desk', desk],
      ['phone', phone],
    ] as const)
      it(`are accessible and fit: ${device}, ${colorScheme}`, async () => {
        const at = await overHttp()
        const context = await person({ ...size, colorScheme })
        const page = await context.newPage()
        const look = async (what: string) => {
          await accessible(page, what)
          equal(await tooWide(page), false, what)
          await screenshot(page, `${what}-${device}-${colorScheme}`)
        }
        await page.goto(at.url)
        await says(page, 'Signed out')
        await look('demo-signed-out')
        await page.goto(loginUrl(at, '/'))
        await look('identity-login')
        await page.goto(`${at.stack.identityUrl}/`)
        await look('identity-home')
        await page.goto(loginUrl(at, '/', 'closed'))
        await look('organisation-blocked')
        await page.close()

        const mine = await signedIn(context, at)
        await mine.getByLabel('North').check()
        await mine.locator('details').first().locator('summary').click()
        await accessible(mine, 'demo')
        equal(await tooWide(mine), false)
        await mine.evaluate('scrollTo(0, 0)')
        await screenshot(mine, `demo-signed-in-${device}-${colorScheme}`)
        await screenshot(mine, `demo-signed-in-${device}-${colorScheme}-whole`, true)
        await context.close()
      })
})
