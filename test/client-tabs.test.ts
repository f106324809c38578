import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { imsg } from '../client/imsg.ts'
import { good, listening, loggedOut, open, type Pages, settled, signedOut } from './support/client-page.ts'

describe('the browser client in several tabs', () => {
  it('polls at once when another tab has signed out', async () => {
    const pages: Pages = new Set()
    const [here, there] = [await listening(good, pages), await listening(good, pages)]
    there.answers(signedOut)
    here.answers(loggedOut)
    await here.gateway.logout()
    await settled()
    deepEqual([here.heard.at(-1), here.pause()], ['signed-out', undefined])
    deepEqual([there.heard.at(-1), there.pause()], ['signed-out token_revoked', undefined])
  })

  it('calls subscribers again, once, when another tab has signed in, maybe as another person', async () => {
    const pages: Pages = new Set()
    const here = await listening(good, pages)
    await listening(good, pages)
    await settled()
    await here.pass(5)
    deepEqual([here.heard, here.asked.length], [['unknown', 'signed-in', 'signed-in'], 3])
  })

  it('works without BroadcastChannel', async () => {
    const { channel: _, ...world } = open().world
    const { BroadcastChannel } = globalThis
    Object.assign(globalThis, { BroadcastChannel: undefined })
    const gateway = imsg(world)
    Object.assign(globalThis, { BroadcastChannel })
    equal(await gateway.session(), 'signed-in')
  })

  it('ignores malformed messages from other scripts on its channel', async () => {
    const { channel: _, ...world } = open().world
    const gateway = imsg({ ...world, base: '/crossed' })
    const other = new BroadcastChannel('imsg /crossed')
    const chosen: unknown[] = []
    gateway.units.subscribe((unit) => void chosen.push(unit))
    for (const message of [null, undefined, 'x', 5, { unit: 'north' }]) other.postMessage(message)
    while (chosen.length === 0) await settled()
    deepEqual(chosen, ['north'])
    other.close()
    gateway.close()
  })

  it('drops the response to a poll that was sent before the logout', async () => {
    const page = await listening(good)
    page.answers('silence')
    const early = page.gateway.session()
    page.answers(loggedOut)
    await page.gateway.logout()
    equal(await early, 'signed-out')
    deepEqual(page.heard, ['unknown', 'signed-in', 'signed-out'])
  })

  it('resolves a poll that a message has replaced to the newer response', async () => {
    const pages: Pages = new Set()
    const page = open(pages)
    page.answers('silence')
    const early = page.gateway.session()
    page.answers(good)
    await listening(signedOut, pages)
    equal(await early, 'signed-in')
  })

  it('sends the chosen unit to the gateway, and tells subscribers in every tab', async () => {
    const pages: Pages = new Set()
    const [here, there] = [open(pages), open(pages)]
    const chosen: unknown[] = []
    here.gateway.units.subscribe((unit) => void chosen.push(['here', unit]))
    there.gateway.units.subscribe((unit) => void chosen.push(['there', unit]))
    for (const unit of ['south', null]) {
      await here.gateway.setUnit(unit)
      const { url, init: { method, body, headers } = {} } = here.asked.at(-1) ?? {}
      deepEqual([method, url, body], ['POST', '/imsg-service/v1/unit', JSON.stringify({ unit })])
      equal(new Headers(headers).get('content-type'), 'application/json')
      await settled()
      deepEqual(chosen.splice(0).sort(), [
        ['here', unit],
        ['there', unit],
      ])
    }
  })
})
