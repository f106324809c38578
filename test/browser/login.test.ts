import { deepEqual, equal } from 'node:assert/strict'
import { describe } from 'node:test'
import { browsing } from './chromium.ts'
import { overHttp } from './gateways.ts'
import { choose, cookiesNamed, says, signIn } from './steps.ts'

const at = await overHttp()

describe('the demo page', () => {
  browsing(
    'signs in at the identity service, shows the person, keeps the chosen unit and signs out, by keyboard',
    async (page, context) => {
      const errors: string[] = []
      page.on('pageerror', ({ message }) => errors.push(message))
      await page.goto(at.url)
      await says(page, 'Signed out')
      equal(await page.getByRole('button', { name: 'Sign out' }).count(), 0)

      await page.getByRole('button', { name: 'demo' }).press('Enter')
      await choose(page)
      await says(page, 'Signed in')
      equal(page.url(), `${at.url}/`)
      await page.getByText('editor@demo.example.com').first().waitFor()
      equal(await page.evaluate('document.cookie'), '')
      deepEqual(await page.evaluate('[localStorage.length, sessionStorage.length]'), [0, 0])

      await page.getByLabel('North').evaluate((radio) => radio.setAttribute('data-replaced', ''))
      await page.getByLabel('North').press('Space')
      await page.getByText('POST /imsg-service/v1/unit').waitFor()
      await page.locator('input[value=north]:focus:not([data-replaced])').waitFor()
      await page.reload()
      await page.locator('input[value=north]:checked').waitFor()
      equal(await page.locator('input[value=south]').isChecked(), false)

      await page.getByRole('button', { name: 'Sign out' }).press('Enter')
      await says(page, 'Signed out')
      equal(await page.getByLabel('North').count(), 0)
      equal(await page.evaluate('document.activeElement.textContent'), 'demo')
      deepEqual(await cookiesNamed(context, /^imidToken$/), [])
      deepEqual(errors, [])
    },
  )

  browsing('shows a logout and a login in another tab at once, and keeps the focus', async (one, context) => {
    await signIn(one, at)
    const two = await context.newPage()
    await two.goto(at.url)
    await says(two, 'Signed in')
    await two.getByRole('button', { name: 'second' }).focus()
    const focused = () => two.evaluate('document.activeElement.textContent')

    await one.getByRole('button', { name: 'Sign out' }).click()
    await Promise.all([says(one, 'Signed out'), says(two, 'Signed out')])
    equal(await focused(), 'second')

    await one.getByRole('button', { name: 'demo' }).click()
    await choose(one)
    await Promise.all([says(one, 'Signed in'), says(two, 'Signed in')])
    equal(await focused(), 'second')
  })
})
