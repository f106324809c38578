import { deepEqual, equal, match } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { person } from './chromium.ts'
import { overHttp, prefix } from './gateways.ts'
import { choose, cookiesNamed, loginUrl, says, signedIn } from './steps.ts'

const at = await overHttp()

describe('two tabs', () => {
  it('sign in at the same time, and each comes back to its own page', async () => {
    const context = await person()
    const [one, two] = [await context.newPage(), await context.newPage()]
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
    await context.close()
  })

  it('know at once of a logout in one of them, and of the login after it', async () => {
    const context = await person()
    const one = await signedIn(context, at)
    const two = await context.newPage()
    await two.goto(at.url)
    await says(two, 'Signed in')

    await one.getByRole('button', { name: 'Sign out' }).click()
    await Promise.all([says(one, 'Signed out'), says(two, 'Signed out')])

    await one.getByRole('button', { name: 'demo' }).click()
    await choose(one)
    await Promise.all([says(one, 'Signed in'), says(two, 'Signed in')])
    await context.close()
  })
})

describe('a tab that is left open', () => {
  it('shows who is signed in when somebody else signs in beside it', async () => {
    const context = await person()
    const one = await signedIn(context, at)
    await one.getByText('Edith Reyes', { exact: true }).waitFor()
    const two = await context.newPage()
    await two.goto(loginUrl(at, '/'))
    await choose(two, 'Chiara Lund')
    await says(two, 'Signed in')
    await one.getByText('Chiara Lund', { exact: true }).waitFor()
    equal(await one.getByText('Edith Reyes', { exact: true }).count(), 0)
    await context.close()
  })
})

describe('a form that signs out', () => {
  it('ends in a page that says so, and leaves no session', async () => {
    at.front.services.set(
      'localhost/form',
      `<!doctype html><title>form</title><form method="post" action="${prefix}/logout"><button>Out</button></form>`,
    )
    const context = await person()
    const page = await signedIn(context, at)
    await page.goto(`${at.url}/form`)
    await page.getByRole('button', { name: 'Out' }).click()
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
    deepEqual(await cookiesNamed(context, /^imidToken$/), [])
    await context.close()
  })
})

/** A page that does nothing but poll, and knows nothing of the client's channel. */
const poller = `<!doctype html><title>poller</title><output></output><script type="module">
for (;;) {
  const { status } = await fetch('${prefix}/token-is-set')
  document.querySelector('output').textContent += status + ' '
  await new Promise((next) => setTimeout(next, 150))
}</script>`

describe('a session that ends', () => {
  it('is noticed by the next poll of a page that was told nothing', async () => {
    at.front.services.set('localhost/poller', poller)
    const context = await person()
    const page = await signedIn(context, at)
    const polling = await context.newPage()
    await polling.goto(`${at.url}/poller`)
    await polling.getByText('200 200').waitFor()

    await page.getByRole('button', { name: 'Sign out' }).click()
    await polling.getByText('401 401').waitFor()
    match((await polling.locator('output').textContent()) ?? '', /^(200 )+(401 )+$/)
    await context.close()
  })

  it('in the middle of a poll ends the page’s session, and says why', async () => {
    const context = await person()
    const page = await signedIn(context, at)
    const held = Promise.withResolvers<void>()
    await page.route('**/token-is-set', async (route) => {
      await held.promise
      await route.continue()
    })
    const poll = page.waitForRequest('**/token-is-set')
    await page.getByRole('button', { name: 'Ask now' }).click()
    await poll

    const notBefore = Math.floor(Date.now() / 1000) + 1
    await at.control({ do: 'organisation', org: 'demo', set: { notBefore } })
    await at.stack.invoke('refresh-state')
    await says(page, 'Signed in')
    held.resolve()
    await says(page, 'Signed out')
    await page
      .getByText('All sessions of your organisation have been ended (organisation_signed_out)')
      .waitFor()
    equal(await page.getByLabel('North').count(), 0)
    await context.close()

    await at.control({ do: 'organisation', org: 'demo', set: { notBefore: null } })
    await at.stack.invoke('refresh-state')
  })

  it('because the person was blocked says so', async () => {
    const context = await person()
    const page = await signedIn(context, at)
    await at.control({ do: 'subject', user: 'editor', set: { blocked: true } })
    await at.stack.invoke('refresh-state')
    await page.getByRole('button', { name: 'Ask now' }).click()
    await says(page, 'Signed out')
    await page.getByText('Your account is blocked (subject_blocked)').waitFor()
    await context.close()

    await at.control({ do: 'subject', user: 'editor', set: { blocked: false } })
    await at.stack.invoke('refresh-state')
  })
})
