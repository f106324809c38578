import { describe } from 'node:test'
import { browsing } from './chromium.ts'
import { overHttp } from './gateways.ts'
import { choose, says, signIn } from './steps.ts'

const at = await overHttp()

describe('two tabs', () => {
  browsing('know at once of a logout in one of them, and of the login after it', async (one, context) => {
    await signIn(one, at)
    const two = await context.newPage()
    await two.goto(at.url)
    await says(two, 'Signed in')

    await one.getByRole('button', { name: 'Sign out' }).click()
    await Promise.all([says(one, 'Signed out'), says(two, 'Signed out')])

    await one.getByRole('button', { name: 'demo' }).click()
    await choose(one)
    await Promise.all([says(one, 'Signed in'), says(two, 'Signed in')])
  })
})
