import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Origin } from '../lib/config.ts'
import { jar } from '../lib/http/cookies.ts'
import { incoming } from '../lib/http/messages.ts'
import { loginLoopIn } from '../lib/login/login-loop.ts'
import type { ReturnUrl } from '../lib/redirect/return-url.ts'
import { each } from './support/each.ts'
import { crumb, eventOf, publicUrl } from './support/events.ts'

const name = '__Host-imsg-rounds'
const there = 'https://app.example.test/'
const clock = { now: 1_700_000_000 }
const cookies = {
  cookieName: 'sid',
  cookieDomain: undefined,
  publicUrl: publicUrl as Origin,
  loopback: false,
}
const loop = loginLoopIn(jar(cookies))
const sending = (value: string | undefined) =>
  incoming(eventOf('login', { cookies: value === undefined ? [] : [`${name}=${value}`] }), 'login', clock.now)

/** A browser that comes back from the identity service for these pages, one round after the other. */
const rounds = (pages: readonly string[], before?: string): string =>
  pages.reduce<string | undefined>(
    (value, page) => crumb(loop.count(sending(value), there + page)).value,
    before,
  ) ?? ''
const isLoop = (value: string | undefined, page = ''): boolean =>
  loop.tooMany(sending(value), `${there}${page}` as ReturnUrl)
const times = (count: number, page = '') => Array.from({ length: count }, () => page)
/** The pages of a cookie, by their marks. */
const pagesIn = (value: string) => value.split('.').map((entry) => entry.split('!')[1])

describe('A login loop', () => {
  it('is five logins for one page, each within a minute of the last', () => {
    const five = rounds(times(5))
    const loops = [undefined, rounds(times(4)), five, rounds(times(9))].map((value) => isLoop(value))
    deepEqual(loops, [false, false, true, true])
    clock.now += 59
    equal(isLoop(five), true)
    equal(pagesIn(rounds(['x'], five)).length, 2)
    clock.now += 1
    equal(isLoop(five), false)
    equal(pagesIn(rounds(['x'], five)).length, 1, 'it is forgotten')
    clock.now -= 60
    equal(loop.count(sending(undefined), there).split('; ')[1], 'Max-Age=60')
  })

  each('is counted by path and fragment of the page, whatever its query', [
    [true, '?another=1'],
    [true, '?another=1?2'],
    [false, 'other'],
    [false, '#article1'],
    [false, '?a=b#/article?2'],
  ])(([expected, page]) => equal(isLoop(rounds(times(5)), page), expected))

  it('is not detected when the fragment differs each time', () =>
    equal(isLoop(rounds(times(5, '#/article?id=1')), '#/article?id=2'), false))

  it('is counted for the last twenty pages', () => {
    const twenty = rounds(Array.from({ length: 25 }, (_, page) => `${page}`))
    const [first, second] = pagesIn(twenty)
    equal(pagesIn(twenty).length, 20)
    const again = rounds(['5'], twenty)
    equal(pagesIn(again).at(-1), first)
    const more = pagesIn(rounds(['another'], again))
    deepEqual([more.length, more.includes(first), more.includes(second)], [20, true, false])
  })

  const [last = '', mark = ''] = rounds(times(1)).split('!')
  each('ignores malformed entries of the cookie', [
    [true, `${last}!${mark}!5`],
    [true, `0${last}!${mark}!5`],
    ...[`zzzzzzzzz!${mark}!9`, `${last}!${mark}!5x`, `${last}!${mark}!55`, `x ${last}!${mark}!5`].map(
      (entry) => [false, entry] as const,
    ),
    ...['', '.', '....', 'x', '!', `-1!${mark}!9`, `${last}!${mark}!0`, 'a!b!c', '__proto__'].map(
      (entry) => [false, entry] as const,
    ),
  ])(([expected, entry]) => {
    equal(isLoop(entry), expected)
    if (!expected) equal(pagesIn(rounds(['other'], entry)).length, 1)
  })

  it('is cleared by a logout, if anything was counted', () => {
    deepEqual(loop.forget(sending(undefined)), [])
    deepEqual(
      loop.forget(sending('x')).map((text) => crumb(text).value),
      [''],
    )
  })
})
