import { deepEqual, equal } from 'node:assert/strict'
import { describe } from 'node:test'
import { browsing } from './chromium.ts'
import { overHttp } from './gateways.ts'
import { choose, cookiesNamed, loginUrl, says, signIn } from './steps.ts'

const at = await overHttp()

describe('two tabs', () => {
  browsing('sign in at the same time, and each comes back to its own page', async (one, context) => {
    const two = await context.newPage()
    await one.goto(loginUrl(at, '/?tab=one'))
    await two.goto(loginUrl(at, '/?tab=two'))
    equal((await cookiesNamed(context, /^imsg-login-/)).length, 2)

    await choose(one)
    await one.waitForURL(`${at.url}/?tab=one`)
    await choose(two, 'Chiara Lund')
    await two.waitForURL(`${at.url}/?tab=two`)
    await says(two, 'Signed in')
    deepEqual(await cookiesNamed(context, /^imsg-login-/), [])
    equal((await cookiesNamed(context, /^imidToken$/)).length, 1)
  })

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
