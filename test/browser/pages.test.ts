import { deepEqual, equal, ok } from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, describe } from 'node:test'
import type { Page } from 'playwright-core'
import { errorResponse, signedOut, startPage } from '../../lib/errors/error-response.ts'
import { incoming } from '../../lib/http/messages.ts'
import { type Code, catalogue, row } from '../../lib/problem.ts'
import type { LoginUrl } from '../../lib/redirect/login-url.ts'
import { listening } from '../support/ports.ts'
import { accessible } from './accessibility.ts'
import { browsingWith, screenshot } from './chromium.ts'
import { overHttp } from './gateways.ts'
import { loginUrl, says, signIn } from './steps.ts'

const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true }
const desk = { viewport: { width: 1100, height: 900 } }

/** Whether the page is wider than the window. */
const tooWide = (page: Page): Promise<boolean> =>
  page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')

const site = {
  publicUrl: 'https://sign-in.example.test',
  siteName: 'Example News',
  errorsUrl: 'https://docs.example.test',
}

/** Serves the page of each failure at `/<code>`, and the pages `/signed-out` and `/start`. */
const gallery = createServer(async (request, response) => {
  const name = (request.url ?? '').slice(1)
  const event = {
    rawQueryString: '',
    isBase64Encoded: false,
    requestContext: { requestId: 'JKJaXmPLvHcESHA=' },
  }
  const asked = incoming({ ...event, headers: request.headers as Record<string, string> }, 'login', 0)
  asked.facts.again = `/again` as LoginUrl
  const others: Record<string, typeof signedOut> = { 'signed-out': signedOut, start: startPage }
  const failure = () => errorResponse(asked, name as Code, row(name as Code).answer, site)
  const { statusCode, headers, body } = await (others[name]?.(asked, site) ?? failure())
  response.writeHead(statusCode, headers).end(body)
})
let address = ''
let closing = async () => {}
after(() => closing())
before(async () => {
  const { port, close } = await listening(gallery)
  address = `http://127.0.0.1:${port}`
  closing = close
})

const codes = [...Object.keys(catalogue), 'signed-out', 'start']

describe('every page of the gateway', { concurrency: true }, () => {
  // Each page is shown once in each language and once in each colour scheme.
  for (const [locale, colorScheme] of [
    ['en-GB', 'light'],
    ['sv-SE', 'dark'],
  ] as const) {
    const onPhone = browsingWith({ ...phone, locale, colorScheme })
    onPhone(
      `is accessible, fits the screen and keeps to its policy: ${locale}, ${colorScheme}`,
      async (page) => {
        const complaints: string[] = []
        page.on('console', (message) => {
          if (message.type() === 'error' && !/status of \d{3}/.test(message.text()))
            complaints.push(message.text())
        })
        for (const code of codes) {
          await page.goto(`${address}/${code}`)
          await accessible(page, code)
          equal(await tooWide(page), false, code)
          await screenshot(page, `error-${code}-${locale}-${colorScheme}`)
        }
        deepEqual(complaints, [])
      },
    )

    const narrow = browsingWith({ viewport: { width: 320, height: 640 }, locale })
    narrow(`fits a narrow screen when the text is twice as large: ${locale}`, async (page) => {
      const wide: string[] = []
      for (const code of codes) {
        await page.goto(`${address}/${code}`)
        await page.evaluate('document.documentElement.style.fontSize = "200%"')
        if (await tooWide(page)) wide.push(code)
      }
      deepEqual(wide, [])
    })
  }
})

describe('the demo, the identity stand-in and the list of errors', { concurrency: true }, () => {
  for (const [device, colorScheme, size] of [
    ['desk', 'light', desk],
    ['phone', 'dark', phone],
  ] as const)
    browsingWith({ ...size, colorScheme })(
      `are accessible and fit the screen: ${device}, ${colorScheme}`,
      async (page) => {
        const at = await overHttp()
        const look = async (what: string) => {
          await accessible(page, what)
          equal(await tooWide(page), false, what)
          await screenshot(page, `${what}-${device}`)
        }
        await page.goto(at.url)
        await says(page, 'Signed out')
        await look('demo-signed-out')
        await page.goto(loginUrl(at, '/'))
        await look('identity-login')
        await page.goto(`${at.stack.identityUrl}/`)
        await look('identity-home')

        await page.goto(loginUrl(at, '/', 'closed'))
        await page.getByRole('link', { name: 'organisation_blocked', exact: true }).click()
        const entry = page.locator(':target')
        equal(await entry.getByRole('heading').textContent(), 'organisation_blocked')
        ok(
          await page.evaluate(
            'document.querySelector(":target").getBoundingClientRect().top < innerHeight / 2',
          ),
        )
        equal(await page.evaluate('document.referrer'), '')
        await look('errors')

        await signIn(page, at)
        await page.getByLabel('North').check()
        await look('demo-signed-in')
      },
    )
})
