import { deepEqual, equal } from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { wire } from '../functions/refresh-state/index.ts'
import type { Origin } from '../lib/config.ts'
import { isPublic, publicHealth } from '../lib/refresh/public-health.ts'
import { each } from './support/each.ts'
import { context, openGateway } from './support/gateway.ts'
import { listening } from './support/ports.ts'

const publicUrl = 'https://gateway.example.com' as Origin

describe('Health at the public address', () => {
  each('is good only when /health there answers 200 in time, without a redirect', [
    [200, true],
    [500, false],
    [302, false],
    [undefined, false],
  ])(async ([status, expected]) => {
    const asked: unknown[] = []
    const server = createServer(({ url }, response) => {
      asked.push(url)
      if (status !== undefined) response.writeHead(status, { location: '/elsewhere' }).end('{}')
    })
    const { port, close } = await listening(server)
    const go: typeof fetch = (wanted, init) =>
      fetch(String(wanted).replace(publicUrl, `http://127.0.0.1:${port}`), init)
    equal(await publicHealth({ publicUrl }, status === undefined ? 100 : 60_000, go), expected)
    deepEqual(asked, ['/imsg-service/v1/health'])
    await close()
  })

  it('is bad when the connection fails', async () =>
    equal(await publicHealth({ publicUrl }, 5000, () => Promise.reject(new TypeError('failed'))), false))

  it('is checked by a scheduled run, not by a forced run, whose caller waits', async (test) => {
    const { instance } = await openGateway()
    const run = wire(instance({ PUBLIC_URL: publicUrl, ADMIN_API_URL: '' }), {})
    const asked: unknown[] = []
    const { fetch } = globalThis
    test.mock.method(globalThis, 'fetch', async (...[url, init]: Parameters<typeof fetch>) => {
      if (!String(url).startsWith(publicUrl)) return fetch(url, init)
      asked.push(url)
      return new Response('{}')
    })
    await run({ forced: true }, context)
    deepEqual(asked, [])
    await run({}, context)
    deepEqual(asked, [`${publicUrl}/imsg-service/v1/health`])
  })

  each('is not checked at a local or reserved address', [
    ...['http://localhost:3000', 'https://localhost', 'http://127.12.34.56:3000', 'http://[::1]:3000'],
    ...['https://own-address.execute-api.invalid', 'https://gw.example.test', 'https://example'],
  ])(async (url) => {
    const asked = () => Promise.reject(new Error('asked'))
    equal(await publicHealth({ publicUrl: url as Origin }, 5000, asked), undefined)
  })

  each('is checked at any other address', ['https://localhost.news.contest', 'https://127.0.0.1.news'])(
    (url) => equal(isPublic(url), true),
  )
})
