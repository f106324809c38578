import { deepEqual, equal } from 'node:assert/strict'
import { describe } from 'node:test'
import { browsing } from './chromium.ts'
import { overHttp, prefix } from './gateways.ts'
import { choose, cookiesNamed, loginUrl, signIn } from './steps.ts'

const at = await overHttp()

describe('a login in a popup', () => {
  browsing('keeps its opener, so that it can send it a message', async (editor, context) => {
    const done = `${at.at('app.localhost')}/done`
    at.front.serve('app.localhost/editor', '<!doctype html><title>editor</title><output></output>')
    at.front.serve(
      'app.localhost/done',
      `<!doctype html><title>done</title><script>opener.postMessage('signed in', '*'); close()</script>`,
    )
    await editor.goto(`${at.at('app.localhost')}/editor`)
    const opened = context.waitForEvent('page')
    await editor.evaluate(`
      addEventListener('message', ({ data }) => (document.querySelector('output').textContent = data))
      popup = open(${JSON.stringify(loginUrl(at, done))}, 'login', 'width=500,height=600')
    `)
    await choose(await opened)
    await editor.getByText('signed in').waitFor()
    equal((await cookiesNamed(context, /^imidToken$/)).length, 1)
  })
})

describe('a form that signs out, with the origin `null`', () => {
  const form = `<form method="post" action="${at.url}${prefix}/logout"><button>Out</button></form>`

  browsing('works on a page of the gateway that sends no referrer', async (page, context) => {
    const policy = { 'referrer-policy': 'no-referrer' }
    at.front.serve('localhost/quiet', `<!doctype html><title>quiet</title>${form}`, () => policy)
    await signIn(page, at)
    await page.goto(`${at.url}/quiet`)
    await page.getByRole('button', { name: 'Out' }).click()
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
    const { headers } = at.front.last('POST') ?? {}
    deepEqual([headers?.origin, headers?.['sec-fetch-site']], ['null', 'same-origin'])
    deepEqual(await cookiesNamed(context, /^imidToken$/), [])
  })

  browsing('is refused from a sandboxed frame', async (page, context) => {
    const framed = form.replaceAll('"', '&quot;')
    at.front.serve(
      'localhost/sandbox',
      `<!doctype html><title>sandbox</title><iframe sandbox="allow-forms" srcdoc="${framed}"></iframe>`,
    )
    await signIn(page, at)
    await page.goto(`${at.url}/sandbox`)
    const answered = page.waitForResponse(`**${prefix}/logout`)
    await page.frameLocator('iframe').getByRole('button', { name: 'Out' }).click()
    equal((await answered).status(), 403)
    const { headers } = at.front.last('POST') ?? {}
    deepEqual([headers?.origin, headers?.['sec-fetch-site']], ['null', 'cross-site'])
    equal((await cookiesNamed(context, /^imidToken$/)).length, 1)
  })
})
