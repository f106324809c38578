import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Origin } from '../lib/config.ts'
import { jar } from '../lib/http/cookies.ts'
import { incoming } from '../lib/http/messages.ts'
import { loginBindingIn } from '../lib/login/login-binding.ts'
import type { ReturnUrl } from '../lib/redirect/return-url.ts'
import { each } from './support/each.ts'
import { crumb, eventOf, publicUrl } from './support/events.ts'

const to = 'https://app.example.test/a?b=1#c' as ReturnUrl
const proof = 'proof_of-this-login-and-no-other'
const ours = '__Host-imsg-login-'
const name = `${ours}proof_of`
const began = 1_700_000_000
const clock = { now: began }
const cookies = {
  cookieName: 'sid',
  cookieDomain: undefined,
  publicUrl: publicUrl as Origin,
  loopback: false,
}
const bindings = loginBindingIn(jar(cookies), () => proof)
const sending = (...cookies: string[]) => incoming(eventOf('callback', { cookies }), 'callback', clock.now)
const [{ value = '', attributes = [] } = {}] = bindings.begin(sending(), 'demo', to).cookies.map(crumb)
const own = `${name}=${value}`

/** The organisation of the login that is found, by default with this proof and return URL. */
const found = (cookies: readonly string[], secret = proof, at: string = to): string | undefined =>
  bindings.find(sending(...cookies), secret, at)?.org

/** A cookie made by hand for any proof and organisation, as somebody could who knows how. */
const forgedFor = (secret: string, org = 'demo'): string => {
  const digest = createHash('sha256')
    .update(JSON.stringify([secret, began, org, to]))
    .digest('base64url')
  return `${ours}${secret.slice(0, 8)}=${began.toString(36)}!${org}!${digest}`
}

describe('A login cookie', () => {
  it('does not contain the proof, which is needed to find its login', () => {
    match(value, /^[0-9a-z]+!demo![\w-]{43}$/)
    ok(!value.includes(proof.slice(8)))
    deepEqual(attributes, ['Max-Age=1800', 'Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax'])
    deepEqual([found([own]), found(['a=1', own, 'b'])], ['demo', 'demo'])
    equal(found([forgedFor(proof)]), 'demo', 'the two halves are all it takes')
    match(bindings.spend({ cookie: name, org: 'demo' as never }), /^__Host-imsg-login-proof_of=; Max-Age=0;/)
  })

  each('is valid for half an hour', [
    [1800, 'demo'],
    [1801, undefined],
  ])(([later, org]) => {
    clock.now = began + later
    equal(found([own]), org)
    clock.now = began
  })

  each('is not found by a shortened or changed proof', [
    '',
    proof.slice(0, -1),
    `${proof}A`,
    `proof_of${'A'.repeat(24)}`,
  ])((other) => equal(found([own], other), undefined))

  each('is not found by a malformed proof, even if it was made for it', [
    ...['x', 'A'.repeat(31), 'A'.repeat(33), `${'A'.repeat(31)}=`, `${'A'.repeat(32)}\n`],
  ])((other) => equal(found([forgedFor(other)], other), undefined))

  each('is ignored with an invalid organisation name, even if it was made for it', ['..', 'a/b', ''])((org) =>
    equal(found([forgedFor(proof, org)]), undefined),
  )

  const [time = '', , digest = ''] = value.split('!')
  each('is ignored with a malformed value', [
    ...['', `${time}!demo`, `${time}!demo!${'A'.repeat(43)}`, value.slice(0, -1), `${value}A`, `${value}!x`],
    ...[`${time}!de!mo!${digest}`, `${time}!!${digest}`, `${time}!second!${digest}`, `-1!demo!${digest}`],
    ...[`!demo!${digest}`, `${'z'.repeat(100)}!demo!${digest}`, `${time}0!demo!${digest}`, `"${value}"`],
    ...[` ${value}`, value.replaceAll('!', '%21'), `${value}\0`, value.padEnd(4096, 'A')],
  ])((other) => equal(found([`${name}=${other}`]), undefined))

  each('is ignored when it is sent twice', [[], [own, own], [own, `${name}=x`], [`${name}=x`, own]])(
    (cookies) => equal(found(cookies), undefined),
  )

  each('is valid only with exactly its return URL', [
    ...[
      'https://app.example.test/a?b=1',
      'https://app.example.test/%61?b=1#c',
      `${to} `,
      '',
      'https://evil.test/',
    ],
  ])((at) => equal(found([own], proof, at), undefined))
})

describe('A new login in a browser with other logins', () => {
  /** The names of the cookies that it takes away. */
  const dropped = (pairs: readonly string[]): string[] =>
    bindings
      .begin(sending(...pairs), 'demo', to)
      .cookies.map(crumb)
      .flatMap((each) => (each.value === '' ? [each.name.replace(ours, '')] : []))
  const pending = (names: string, age: (index: number) => number = (index) => index + 1) =>
    names.split(' ').map((one, index) => `${ours}${one}=${age(index).toString(36)}!demo!${'A'.repeat(43)}`)
  const five = 'AAAAAAAA BBBBBBBB CCCCCCCC DDDDDDDD EEEEEEEE'

  it('leaves at most five login cookies: the oldest is cleared first', () => {
    deepEqual(dropped(pending(five).slice(1)), [])
    deepEqual(dropped(pending(five)), ['AAAAAAAA'])
    deepEqual(dropped(pending(five).toReversed()), ['AAAAAAAA'])
    deepEqual(dropped(pending(`${five} FFFFFFFF`, () => 7)), ['AAAAAAAA', 'BBBBBBBB'])
  })

  it('clears unreadable login cookies first, and each name once', () => {
    deepEqual(dropped([...pending(five), `${ours}unreadab=x`, `${ours}unreadab=y`]), ['unreadab', 'AAAAAAAA'])
  })

  it('never clears the cookie that it sets, even if the oldest has the same name', () => {
    deepEqual(dropped(pending(`proof_of ${five}`)), ['AAAAAAAA'])
  })

  it('clears at most twenty cookies, oldest first', () => {
    const names = Array.from({ length: 110 }, (_, index) => String(index).padStart(8, 'A'))
    deepEqual(dropped(pending(names.join(' '))), names.slice(0, 20))
  })

  it('clears no other cookies', () => {
    const foreign = [`${ours}=x`, `${ours}short=x`, `${ours}much-too-long=x`, `${ours}a.b.c.d.=x`]
    const asLong = `${'x'.repeat(ours.length)}AAAAAAAA=x`
    deepEqual(dropped([...foreign, asLong, ...pending(five).slice(1), ...foreign]), [])
  })
})
