import { deepEqual, equal } from 'node:assert/strict'
import { describe } from 'node:test'
import { browsing } from './chromium.ts'
import { overHttp, prefix } from './gateways.ts'
import { signIn } from './steps.ts'

const at = await overHttp()

describe("a script on the gateway's own host", () => {
  browsing('reads neither token nor cookies from /authorize, whatever it sends', async (page, context) => {
    await signIn(page, at)
    await context.addCookies([{ name: 'secret', value: 'canary', url: at.url, httpOnly: true }])
    for (const headers of [
      {},
      { 'Sec-Imid-Proxy': '1' },
      { 'sec-imid-proxy': '1', 'X-Sec-Imid-Proxy': '1' },
    ]) {
      const [status, read] = await page.evaluate(
        async ({ url, headers }) => {
          const answer = await fetch(url, { headers })
          return [answer.status, Object.fromEntries(answer.headers)] as const
        },
        { url: `${at.url}${prefix}/authorize?org=demo`, headers },
      )
      deepEqual([status, read['x-imid-token'], read['x-imid-cookie']], [200, '', ''])
      equal(/ey[\w-]+\.|canary/.test(JSON.stringify(read)), false)
    }
  })
})
