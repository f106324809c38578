import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkCookieGrammar, cookies, jar } from '../../lib/http/cookies.ts'
import { codeOf } from '../../lib/problem.ts'
import { each } from '../support/each.ts'

const pieces = ['; ', ' ', ...'sid __Host-sid = ; " , \t %65 \\ { } __proto__ sid=x'.split(' ')]
const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 3 }))
const pair = fc.array(piece, { maxLength: 6 }).map((parts) => parts.join(''))
const header = fc.array(pair, { maxLength: 6 })

describe('any Cookie header', () => {
  it('is read without a throw, and nothing is changed in what is read, in one header as in several pairs', () => {
    const property = fc.property(header, (sent) => {
      const whole = sent.join('; ')
      const read = cookies(sent)
      for (const value of read.values('sid')) ok(whole.includes(`sid=${value}`))
      for (const [name, value] of read.beginning('')) {
        ok(name !== '' && !name.includes('=') && !`${name}${value}`.includes(';'))
        ok(whole.includes(`${name}=${value}`))
      }
      deepEqual(read.values(''), [])
      // API Gateway splits it; `sam local` does not. Only a blank in front of the very first differs, and that one is not ours.
      const pairs = sent.map((text) => text.replace(/^ +/, ''))
      deepEqual(cookies([pairs.join('; ')]).values('sid'), cookies(pairs).values('sid'))
    })
    fc.assert(property, { numRuns: 4000 })
  })

  it('gives our cookie between any others that are not ours', () => {
    const foreign = fc.array(
      pair.filter((text) => !/(^|;) ?sid=/.test(text)),
      { maxLength: 4 },
    )
    const property = fc.property(foreign, foreign, (before, after) =>
      deepEqual(cookies([...before, 'sid=mine', ...after]).values('sid'), ['mine']),
    )
    fc.assert(property, { numRuns: 2000 })
  })

  it('passes the strict mode or is a 400', () => {
    const property = fc.property(header, (sent) => {
      try {
        checkCookieGrammar(sent)
        for (const text of sent) ok(/^[!-~]+$/.test(text.replaceAll('; ', ';')), JSON.stringify(text))
      } catch (error) {
        equal(codeOf(error), 'bad_cookies')
      }
    })
    fc.assert(property, { numRuns: 2000 })
  })
})

describe('any jar', () => {
  const made = (publicUrl: string, cookieName = 'sid') =>
    jar({
      cookieName,
      cookieDomain: undefined,
      publicUrl: publicUrl as Parameters<typeof jar>[0]['publicUrl'],
      loopback: publicUrl.startsWith('http:'),
    })
  const hosts = 'https://gw.example.test https://a.b.c.example http://localhost:1 http://[::1]:1'.split(' ')

  it('sets no cookie that a script can read, that crosses sites, or that goes over plain http', () => {
    const host = fc.constantFrom(...hosts)
    const cookieName = fc.constantFrom('sid', '__Host-sid')
    const token = fc.stringMatching(/^[\w-]{1,40}\.[\w-]{1,40}\.[\w-]{1,40}$/)
    const life = fc.integer({ min: 1, max: 604_800 })
    const property = fc.property(host, cookieName, token, life, (publicUrl, name, raw, left) => {
      const our = made(publicUrl, name)
      const loopback = publicUrl.startsWith('http:')
      for (const text of [
        ...[our.session(raw, left), our.seal(raw, left), our.login(`${our.loginPrefix}a`, 'b')],
        ...[our.loop('c'), ...our.clearSession('units', 'all').slice(0, 20)],
      ]) {
        const [first = '', ...attributes] = text.split('; ')
        ok(first.includes('=') && first.length <= 4096, text)
        ok(attributes.includes('HttpOnly') && attributes.includes('SameSite=Lax'), text)
        equal(attributes.includes('Secure'), !loopback, text)
        equal(first.startsWith('__'), !loopback && first.startsWith('__Host-'), text)
        if (first.startsWith('__Host-')) ok(!text.includes('Domain='), text)
      }
    })
    fc.assert(property, { numRuns: 500 })
  })

  const clearedAt = (publicUrl: string, attribute: RegExp, where: (text: string) => boolean) =>
    made(publicUrl)
      .clearSession('units', 'all')
      .filter(where)
      .map((text) => attribute.exec(text)?.[1])

  each('clears the session on the host and its parents, no top-level domain and no address among them', [
    ['https://a.b.example.test', ['a.b.example.test', 'b.example.test', 'example.test']],
    ['https://gw.b1', ['gw.b1']],
    ['https://a.1.test', ['a.1.test', '1.test']],
    ['https://a.1x', ['a.1x']],
    ...['http://localhost:3000', 'http://127.0.0.10:3000', 'http://[::1]:3000'].map(
      (address) => [address, []] as const,
    ),
  ])(([publicUrl, domains]) => {
    const cleared = clearedAt(publicUrl, /Domain=([^;]+)/, (text) => text.includes('; Path=/;'))
    deepEqual(cleared, [undefined, ...domains])
  })

  it('clears it at every path of the route table, with and without a final slash, the route of the answer first', () => {
    const paths = clearedAt('https://gw.b1', /Path=([^;]+)/, (text) => !text.includes('Domain='))
    const v1 = '/imsg-service/v1'
    const first = ['/', v1, `${v1}/`, '/imsg-service', '/imsg-service/', `${v1}/units`, `${v1}/units/`]
    deepEqual(paths.slice(0, first.length), first)
    for (const route of ['token-is-set', 'unit', 'logout', 'callback', 'login-failed', 'health'])
      for (const path of [`${v1}/${route}`, `${v1}/${route}/`]) ok(paths.includes(path), path)
    equal(new Set(paths).size, paths.length)
  })

  each('keeps the prefix of a name by https alone', [
    ['__Host-sid', 'sid'],
    ['__secure-sid', 'sid'],
    ['my__Host-sid', 'my__Host-sid'],
  ])(([name, plain]) => {
    const names = ['https://gw.example.test', 'http://localhost:1'].map((url) => made(url, name).sessionName)
    deepEqual(names, [name, plain])
  })

  it('sets a cookie of 4,096 characters and refuses the next', () => {
    const our = made('https://gw.example.test')
    ok(our.session('x'.repeat(4092), 1).startsWith('sid=xxx'))
    throws(() => our.session('x'.repeat(4093), 1), { code: 'token_too_large' })
  })
})
