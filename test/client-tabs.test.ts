import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { ImsgError, imsg } from '../client/imsg.ts'
import { down, good, listening, open, type Pages, settled, signedOut } from './support/client-page.ts'
import { each } from './support/each.ts'

describe('the browser client: several tabs', () => {
  it('learns of a logout in another tab at once, by asking the gateway', async () => {
    const pages: Pages = new Set()
    const [here, there] = [await listening(good, pages), await listening(good, pages)]
    there.answers(signedOut)
    here.answers({ status: 200, body: { msg: 'You are logged out' } })
    await here.gateway.logout()
    await settled()
    deepEqual([here.heard.at(-1), here.pause()], ['signed-out', undefined])
    deepEqual([there.heard.at(-1), there.pause()], ['signed-out token_revoked', undefined])
  })

  it('tells its page again when another tab has signed in: it may be somebody else now', async () => {
    const pages: Pages = new Set()
    const here = await listening(good, pages)
    await listening(good, pages)
    await settled()
    deepEqual([here.heard, here.asked.length], [['unknown', 'signed-in', 'signed-in'], 2])
    await here.pass(5)
    deepEqual(here.heard.length, 3, 'and no more than that')
  })

  it('works without BroadcastChannel', async () => {
    const { channel: _, ...world } = open().world
    const { BroadcastChannel } = globalThis
    for (const broken of [
      undefined,
      class {
        constructor() {
          throw new DOMException('no storage', 'SecurityError')
        }
      },
    ]) {
      Object.assign(globalThis, { BroadcastChannel: broken })
      const gateway = imsg(world)
      equal(await gateway.session(), 'signed-in')
      gateway.close()
    }
    Object.assign(globalThis, { BroadcastChannel })
  })

  it('hears nothing in what others say on its channel', async () => {
    const { channel: _, ...world } = open().world
    const gateway = imsg({ ...world, base: '/crossed' })
    const other = new BroadcastChannel('imsg /crossed')
    const news: unknown[] = []
    gateway.units.subscribe((unit) => void news.push(unit))
    for (const said of [null, undefined, 'x', 5, { unit: 'north' }]) other.postMessage(said)
    while (news.length === 0) await settled()
    deepEqual(news, ['north'])
    other.close()
    gateway.close()
  })

  it('drops an answer that was asked for before the logout', async () => {
    const page = await listening(good)
    page.answers('silence')
    const early = page.gateway.session()
    page.answers({ status: 200, body: { msg: 'You are logged out' } })
    await page.gateway.logout()
    equal(await early, 'signed-out')
    deepEqual(page.heard, ['unknown', 'signed-in', 'signed-out'])
  })

  it('gives whoever had asked the newer answer', async () => {
    const pages: Pages = new Set()
    const page = open(pages)
    page.answers('silence')
    const early = page.gateway.session()
    page.answers(good)
    await listening(signedOut, pages)
    equal(await early, 'signed-in')
  })

  it('tells of a chosen unit, here and there', async () => {
    const pages: Pages = new Set()
    const [here, there] = [open(pages), open(pages)]
    const chosen: unknown[] = []
    here.gateway.units.subscribe((unit) => void chosen.push(['here', unit]))
    there.gateway.units.subscribe((unit) => void chosen.push(['there', unit]))
    here.answers({ status: 200, body: { msg: 'Unit set' } })
    await here.gateway.setUnit('south')
    await here.gateway.setUnit(null)
    await settled()
    deepEqual(chosen.sort(), [
      ['here', null],
      ['here', 'south'],
      ['there', null],
      ['there', 'south'],
    ])
    for (const [index, unit] of ['south', null].entries()) {
      const { url, init: { method, body, headers } = {} } = here.asked[index] ?? {}
      deepEqual([method, url, body], ['POST', '/imsg-service/v1/unit', JSON.stringify({ unit })])
      equal(new Headers(headers).get('content-type'), 'application/json')
    }
  })
})

describe('the browser client: calls and errors', () => {
  it('returns the units as the gateway lists them, and refuses an answer without any', async () => {
    const page = open()
    const units = [{ name: 'north', displayName: 'North', preferred: true }]
    page.answers({ status: 200, body: { msg: 'Unit set', units, preferred: 'north' } })
    const found = await page.gateway.units()
    deepEqual([found.units, found.preferred], [units, 'north'])
    equal(page.asked[0]?.url, '/imsg-service/v1/units')
    page.answers({ status: 200, body: { msg: 'Welcome' } })
    await rejects(page.gateway.units(), { status: 200, code: 'not_the_gateway' })
  })

  const notHeld = { code: 'unit_not_held', title: 'You do not belong to this unit' }
  each('rejects with status and code of a refusal, and tells nobody of a choice', [
    [notHeld, notHeld.code, notHeld.title],
    ['errors.auth.Forbidden', 'errors.auth.Forbidden', 'errors.auth.Forbidden'],
    [{ message: 'Forbidden' }, 'http_403', 'http_403'],
  ])(async ([body, code, message]) => {
    const page = open()
    const chosen: unknown[] = []
    page.gateway.units.subscribe((unit) => void chosen.push(unit))
    page.answers({ status: 403, body })
    const refusal = await page.gateway.setUnit('west').catch((error: unknown) => error)
    ok(refusal instanceof ImsgError)
    deepEqual([refusal.status, refusal.code, refusal.message], [403, code, message])
    await settled()
    deepEqual(chosen, [])
  })

  it('goes to the login with a path as the way back on its own origin, and with a whole address from another', () => {
    const { gateway, went, world } = open()
    gateway.login('demo')
    gateway.login('a/b', '/next')
    imsg({ ...world, base: 'https://id.example.test/imsg-service/v1' }).login('demo')
    deepEqual(went, [
      '/imsg-service/v1/org/demo/login?callback=%2Fedit%3Fa%3D1%23top',
      '/imsg-service/v1/org/a%2Fb/login?callback=%2Fnext',
      'https://id.example.test/imsg-service/v1/org/demo/login?callback=https%3A%2F%2Fgw.example.test%2Fedit%3Fa%3D1%23top',
    ])
  })

  it('goes on from a logout only where the gateway has agreed to it', async () => {
    const { gateway, world, went, asked } = open()
    const redirection = Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' })
    const agreed = imsg({ ...world, fetch: (url, init) => world.fetch(url, init).then(() => redirection) })
    await agreed.logout('/bye')
    deepEqual(
      asked.map(({ url, init: { method, redirect } }) => [method, url, redirect]),
      [['POST', '/imsg-service/v1/logout?callback=%2Fbye', 'manual']],
    )
    await gateway.logout('https://evil.example/')
    deepEqual(went, ['/bye'])
  })

  it('looks at what is left of the session when a logout is refused', async () => {
    const page = await listening(good)
    page.answers(down)
    await rejects(page.gateway.logout(), { status: 503, code: 'table_unavailable' })
    await settled()
    deepEqual(page.heard, ['unknown', 'signed-in', 'unavailable table_unavailable'])
  })
})

it('the browser client is one module under 3 kB gzipped', async () => {
  const entryPoints = [fileURLToPath(new URL('../client/imsg.ts', import.meta.url))]
  const options = { bundle: true, minify: true, write: false, format: 'esm', platform: 'browser' } as const
  const { outputFiles } = await build({ entryPoints, ...options, target: 'es2022' })
  const bytes = gzipSync(outputFiles[0]?.contents ?? new Uint8Array(9_999)).length
  ok(bytes < 3_000, `${bytes} bytes`)
})
