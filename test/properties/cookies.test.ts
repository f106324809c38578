import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkCookieGrammar, cookies, jar } from '../../lib/http/cookies.ts'
import { Problem } from '../../lib/problem.ts'

const piece = fc.oneof(
  fc.constantFrom(
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
    'a=1',
    'sid=x',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
)
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
  const host = fc.constantFrom(
    'https://gw.example.test',
    'https://a.b.c.example',
    'http://localhost:3000',
    'http://[::1]:1',
  )
  const token = fc.stringMatching(/^[\w-]{1,40}\.[\w-]{1,40}\.[\w-]{1,40}$/)

  it('sets no cookie that a script can read, that crosses sites, or that goes over plain http', () => {
    fc.assert(
      fc.property(
        host,
        fc.boolean(),
        token,
        fc.integer({ min: 1, max: 604_800 }),
        (publicUrl, prefixed, raw, left) => {
          const loopback = publicUrl.startsWith('http:')
          const our = jar({
            cookieName: prefixed ? '__Host-sid' : 'sid',
            cookieDomain: undefined,
            publicUrl: publicUrl as Parameters<typeof jar>[0]['publicUrl'],
            loopback,
          })
          for (const text of [
            our.session(raw, left),
            ...our.clearSession('units', 'all').slice(0, 20),
            our.login(`${our.loginPrefix}a`, 'b'),
            our.rounds('c'),
          ]) {
            const [first = '', ...attributes] = text.split('; ')
            ok(first.includes('=') && first.length <= 4096)
            for (const wanted of ['HttpOnly', 'SameSite=Lax']) ok(attributes.includes(wanted), text)
            equal(attributes.includes('Secure'), !loopback)
            equal(first.startsWith('__'), !loopback && first.startsWith('__Host-'))
            if (first.startsWith('__Host-')) ok(!text.includes('Domain='), text)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  const made = (publicUrl: string, cookieName = 'sid') =>
    jar({
      cookieName,
      cookieDomain: undefined,
      publicUrl: publicUrl as Parameters<typeof jar>[0]['publicUrl'],
      loopback: publicUrl.startsWith('http:'),
    })

  for (const [publicUrl, domains] of [
    ['https://gw.example.test', ['gw.example.test', 'example.test']],
    ['https://gw.b1', ['gw.b1']],
    ['https://a.1.test', ['a.1.test', '1.test']],
    ['https://a.1x', ['a.1x']],
    ['http://localhost:3000', []],
    ['http://127.0.0.1:3000', []],
    ['http://127.0.0.10:3000', []],
    ['http://[::1]:3000', []],
  ] as const)
    it(`takes the session away from every domain that could have set it: ${publicUrl}`, () => {
      const cleared = made(publicUrl)
        .clearSession('units', 'all')
        .filter((text) => text.includes('; Path=/;'))
        .map((text) => /Domain=([^;]+)/.exec(text)?.[1])
      deepEqual(cleared, [undefined, ...domains])
    })

  for (const [name, plain] of [
    ['__Host-sid', 'sid'],
    ['__secure-sid', 'sid'],
    ['my__Host-sid', 'my__Host-sid'],
  ] as const)
    it(`keeps a prefix by https alone: ${name}`, () =>
      deepEqual(
        [made('https://gw.example.test', name).sessionName, made('http://localhost:1', name).sessionName],
        [name, plain],
      ))

  it('sets a cookie of 4,096 characters and refuses the next', () => {
    const our = jar({
      cookieName: 'sid',
      cookieDomain: undefined,
      publicUrl: 'https://gw.example.test' as Parameters<typeof jar>[0]['publicUrl'],
      loopback: false,
    })
    ok(our.session('x'.repeat(4092), 1).startsWith('sid=xxx'))
    try {
      our.session('x'.repeat(4093), 1)
      ok(false, 'set')
    } catch (error) {
      equal((error as Problem).code, 'token_too_large')
    }
  })
})
