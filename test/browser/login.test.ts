import { deepEqual, equal } from 'node:assert/strict'
import { describe } from 'node:test'
import { browsing } from './chromium.ts'
import { overHttp } from './gateways.ts'
import { choose, cookiesNamed, says } from './steps.ts'

const at = await overHttp()

describe('a login on the demo page', () => {
  browsing(
    'goes to the identity service and back, knows who came, keeps a choice, and ends',
    async (page, context) => {
      const errors: string[] = []
      page.on('pageerror', ({ message }) => errors.push(message))
      await page.goto(at.url)
      await says(page, 'Signed out')
      equal(await page.getByRole('button', { name: 'Sign out' }).count(), 0)

      await page.getByRole('button', { name: 'demo' }).click()
      await choose(page)
      await says(page, 'Signed in')
      equal(page.url(), `${at.url}/`)
      await page.getByText('editor@demo.example.com').first().waitFor()
      equal(await page.evaluate('document.cookie'), '')
      deepEqual(await page.evaluate('[localStorage.length, sessionStorage.length]'), [0, 0])

      await page.getByLabel('North').check()
      await page.getByText('POST /imsg-service/v1/unit').waitFor()
      await page.reload()
      await page.locator('input[value=north]:checked').waitFor()
      equal(await page.locator('input[value=south]').isChecked(), false)

      await page.getByRole('button', { name: 'Sign out' }).click()
      await says(page, 'Signed out')
      equal(await page.getByLabel('North').count(), 0)
      equal(await page.evaluate('document.activeElement.textContent'), 'demo')
      deepEqual(await cookiesNamed(context, /^imidToken$/), [])
      deepEqual(errors, [])
    },
  )
})
