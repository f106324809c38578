import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkCookieGrammar, cookies, jar } from '../../lib/http/cookies.ts'
import { Problem } from '../../lib/problem.ts'

const pieces = [
  'sid',
  '__Host-sid',
  '=',
  ';',
  '; ',
  ' ',
  '"',
  ',',
  '\t',
  '%65',
  '\\',
  '{',
  '}',
  '__proto__',
  'sid=x',
]
const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 3 }))
const pair = fc.array(piece, { maxLength: 6 }).map((parts) => parts.join(''))
const header = fc.array(pair, { maxLength: 6 })

describe('any Cookie header', () => {
  it('is read without a throw, and nothing is changed in what is read', () => {
    fc.assert(
      fc.property(header, (sent) => {
        const whole = sent.join('; ')
        const read = cookies(sent)
        for (const value of read.values('sid')) ok(whole.includes(`sid=${value}`))
        for (const [name, value] of read.beginning('')) {
          ok(name !== '' && !name.includes('=') && !`${name}${value}`.includes(';'))
          ok(whole.includes(`${name}=${value}`))
        }
        deepEqual(read.values(''), [])
      }),
      { numRuns: 4000 },
    )
  })

  it('says the same in one header as in several pairs', () => {
    fc.assert(
      fc.property(header, (sent) => {
        // API Gateway splits it; `sam local` does not. Only a blank in front of the very first differs, and that one is not ours.
        const pairs = sent.map((text) => text.replace(/^ +/, ''))
        deepEqual(cookies([pairs.join('; ')]).values('sid'), cookies(pairs).values('sid'))
      }),
      { numRuns: 2000 },
    )
  })

  it('gives our cookie between any others that are not ours', () => {
    const foreign = pair.filter((text) => !/(^|;) ?sid=/.test(text))
    fc.assert(
      fc.property(
        fc.array(foreign, { maxLength: 4 }),
        fc.array(foreign, { maxLength: 4 }),
        (before, after) => {
          deepEqual(cookies([...before, 'sid=mine', ...after]).values('sid'), ['mine'])
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('passes the strict mode or is a 400', () => {
    fc.assert(
      fc.property(header, (sent) => {
        try {
          checkCookieGrammar(sent)
          for (const text of sent) ok(/^[!-~]+$/.test(text.replaceAll('; ', ';')), JSON.stringify(text))
        } catch (error) {
          ok(error instanceof Problem)
          equal(error.code, 'bad_cookies')
        }
      }),
      { numRuns: 2000 },
    )
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
  const host = fc.constantFrom(
    'https://gw.example.test',
    'https://a.b.c.example',
    'http://localhost:1',
    'http://[::1]:1',
  )
  const token = fc.stringMatching(/^[\w-]{1,40}\.[\w-]{1,40}\.[\w-]{1,40}$/)
  const life = fc.integer({ min: 1, max: 604_800 })

  it('sets no cookie that a script can read, that crosses sites, or that goes over plain http', () => {
    fc.assert(
      fc.property(host, fc.constantFrom('sid', '__Host-sid'), token, life, (publicUrl, name, raw, left) => {
        const our = made(publicUrl, name)
        const loopback = publicUrl.startsWith('http:')
        for (const text of [
          our.session(raw, left),
          our.seal(raw, left),
          ...our.clearSession('units', 'all').slice(0, 20),
          our.login(`${our.loginPrefix}a`, 'b'),
          our.rounds('c'),
        ]) {
          const [first = '', ...attributes] = text.split('; ')
          ok(first.includes('=') && first.length <= 4096, text)
          for (const wanted of ['HttpOnly', 'SameSite=Lax']) ok(attributes.includes(wanted), text)
          equal(attributes.includes('Secure'), !loopback, text)
          equal(first.startsWith('__'), !loopback && first.startsWith('__Host-'), text)
          if (first.startsWith('__Host-')) ok(!text.includes('Domain='), text)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('clears the session on the host and its parents, no top-level domain and no address among them', () => {
    for (const [publicUrl, domains] of [
      ['https://a.b.example.test', ['a.b.example.test', 'b.example.test', 'example.test']],
      ['https://gw.b1', ['gw.b1']],
      ['https://a.1.test', ['a.1.test', '1.test']],
      ['https://a.1x', ['a.1x']],
      ['http://localhost:3000', []],
      ['http://127.0.0.10:3000', []],
      ['http://[::1]:3000', []],
    ] as const) {
      const cleared = made(publicUrl)
        .clearSession('units', 'all')
        .filter((text) => text.includes('; Path=/;'))
        .map((text) => /Domain=([^;]+)/.exec(text)?.[1])
      deepEqual(cleared, [undefined, ...domains], publicUrl)
    }
  })

  it('clears it at every path of the route table, with and without a final slash, the route of the answer first', () => {
    const paths = made('https://gw.b1')
      .clearSession('units', 'all')
      .filter((text) => !text.includes('Domain='))
      .map((text) => /Path=([^;]+)/.exec(text)?.[1])
    const v1 = '/imsg-service/v1'
    const first = ['/', v1, `${v1}/`, '/imsg-service', '/imsg-service/', `${v1}/units`, `${v1}/units/`]
    deepEqual(paths.slice(0, first.length), first)
    for (const route of ['token-is-set', 'unit', 'logout', 'callback', 'login-failed', 'health'])
      for (const path of [`${v1}/${route}`, `${v1}/${route}/`]) ok(paths.includes(path), path)
    equal(new Set(paths).size, paths.length)
  })

  it('keeps the prefix of a name by https alone', () => {
    for (const [name, plain] of [
      ['__Host-sid', 'sid'],
      ['__secure-sid', 'sid'],
      ['my__Host-sid', 'my__Host-sid'],
    ] as const)
      deepEqual(
        {
          https: made('https://gw.example.test', name).sessionName,
          http: made('http://localhost:1', name).sessionName,
        },
        { https: name, http: plain },
      )
  })

  it('sets a cookie of 4,096 characters and refuses the next', () => {
    const our = made('https://gw.example.test')
    ok(our.session('x'.repeat(4092), 1).startsWith('sid=xxx'))
    throws(() => our.session('x'.repeat(4093), 1), { code: 'token_too_large' })
  })
})
