import { deepEqual, equal } from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { wire } from '../functions/refresh-state/index.ts'
import { readConfig } from '../lib/config.ts'
import { isPublic, publicHealth } from '../lib/refresh/public-health.ts'
import { context, openGateway } from './support/gateway.ts'

const configOf = (PUBLIC_URL: string) =>
  readConfig({
    PUBLIC_URL,
    IMAS_URL: 'https://identity.example.com',
    TOKEN_ISSUER: 'unchecked',
    TOKEN_AUDIENCE: 'unchecked',
  })
const config = configOf('https://gateway.example.com')

/** A gateway that everybody can reach, on this machine: `/health` answers this status, or nothing at all. */
const reachable = async (status: number | undefined) => {
  const asked: string[] = []
  const server = createServer(({ url = '' }, response) => {
    asked.push(url)
    if (status !== undefined) response.writeHead(status, { location: '/elsewhere' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const go: typeof fetch = (url, init) =>
    fetch(String(url).replace(config.publicUrl, `http://127.0.0.1:${port}`), init)
  return { asked, go }
}

describe('health at the public address', () => {
  for (const [status, expected] of [
    [200, true],
    [500, false],
    [429, false],
    [302, false],
    [undefined, false],
  ] as const)
    it(`is ${expected} when it answers ${status ?? 'nothing in time'}`, async () => {
      const { asked, go } = await reachable(status)
      equal(await publicHealth(config, status === undefined ? 100 : 60_000, go), expected)
      deepEqual(asked, ['/imsg-service/v1/health'])
    })

  it('is bad where there is no such name, no connection or no certificate', async () => {
    const unreachable = () => Promise.reject(new TypeError('fetch failed'))
    equal(await publicHealth(config, 5000, unreachable), false)
  })

  it('is asked for by the schedule, and not by a forced run, whose caller waits', async (test) => {
    const { instance } = await openGateway()
    const run = wire(instance({ PUBLIC_URL: config.publicUrl, ADMIN_API_URL: '' }), {})
    const asked: unknown[] = []
    const { fetch } = globalThis
    test.mock.method(globalThis, 'fetch', async (...[url, init]: Parameters<typeof fetch>) => {
      if (!String(url).startsWith(config.publicUrl)) return fetch(url, init)
      asked.push(url)
      return new Response('{}')
    })
    await run({ forced: true }, context)
    deepEqual(asked, [])
    await run({}, context)
    deepEqual(asked, [`${config.publicUrl}/imsg-service/v1/health`])
  })

  it('is not asked about at an address that nobody else can reach', async () => {
    const fetch = () => Promise.reject(new Error('asked'))
    for (const url of [
      'http://localhost:3000',
      'https://localhost',
      'http://127.0.0.1:3000',
      'http://127.12.34.56:3000',
      'http://[::1]:3000',
      'https://own-address.execute-api.invalid',
      'https://gw.example.test',
    ])
      equal(await publicHealth(configOf(url), 5000, fetch), undefined, url)
    equal(isPublic('https://localhost.news.contest'), true)
  })
})
