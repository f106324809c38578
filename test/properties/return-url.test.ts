import { equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Origin } from '../../lib/config.ts'
import { type Allowed, judgeReturnUrl } from '../../lib/redirect/return-url.ts'
import { unpacked } from '../support/spellings.ts'
import vectors from '../vectors/return-urls.json' with { type: 'json' }

const allowed: Allowed = {
  publicUrl: 'https://gw.example.test' as Origin,
  origins: ['https://editor.example.test:8443', 'http://localhost:3000'] as Origin[],
  domains: ['app.example.test', 'other.test'],
}

/** Where a URL may lead: said here in other words than the rule is written in. */
const isHome = ({ protocol, hostname, host, origin, username, password }: URL): boolean => {
  if (username !== '' || password !== '') return false
  if (origin === allowed.publicUrl || allowed.origins.some((listed) => listed === origin)) return true
  const labels = `${hostname.split('.').reverse().join('.')}.`
  const isListed = ['test.example.app.', 'test.other.'].some((domain) => labels.startsWith(domain))
  return protocol === 'https:' && host === hostname && isListed
}

/** Wherever a program that reads the answer may stand. None of them may be led away. */
const bases = [
  undefined,
  'https://gw.example.test/a/b',
  'http://gw.example.test/',
  'https://elsewhere.test/x/y',
]

const staysHome = (input: string): boolean => {
  const verdict = judgeReturnUrl(input, allowed)
  if ('refused' in verdict) return false
  const { url } = verdict
  for (const base of bases) ok(isHome(new URL(url, base)), `${input} -> ${url}`)
  // What a browser or proxy would do with the input itself, had it been handed on: it stays where it was, or comes to us.
  for (const base of [allowed.publicUrl, 'http://gw.example.test'])
    ok(isHome(new URL(new URL(input, base).href.replace(/^http:\/\/gw/, 'https://gw'))), input)
  const path = new URL(url).pathname
  ok(!path.startsWith('//') && !/[\\\p{Cc}]/u.test(path), url)
  ok(url.length <= 2048 && /^[!-~]+$/.test(url))
  equal(new URL(url).href, url)

  const again = judgeReturnUrl(url, allowed)
  equal('refused' in again ? again.refused : again.url, url)
  const nobody = judgeReturnUrl(input, { ...allowed, origins: [], domains: [] })
  if ('url' in nobody) equal(new URL(nobody.url).origin, allowed.publicUrl)
  return true
}

const pieces = [
  '/ // \\ \\\\ /\\ . .. ./ ../ /. /.. ; : @ ? # & = % %% %2 %2f %2F %5c %5C %2e %2E %252f %252e %25 %00 %09 %0a %0d %20 %7f',
  '%c2%a0 %e2%80%8b %ef%bc%8f %ef%bc%bc %ef%bc%8e %c0%af %ff %3f %23 %40 %3a %61 + - _ ~ * \' " < > ` { } | ^ [ ] ( ) , ! $',
  'https:// https:/ https: HTTPS:// http:// http: javascript: data: ws:// file:/// blob: //evil.test evil.test .evil.test @evil.test',
  'https://gw.example.test https://app.example.test https://other.test https://editor.example.test:8443 http://localhost:3000',
  'gw.example.test app.example.test a.b.app.example.test evilapp.example.test app.example.test. xn-- xn--bcher-kva :443 :8443 :0 :',
  '[::1] 127.0.0.1 0x7f.1 2130706433 localhost user:pw@ /imsg-service/v1/login /imsg-service/v1/callback imsg-service v1 login callback',
  'org a A 0 x y .test %2f%2f %255c ..%2f ..%5c %2e%2e/ .%2e/ ;/ ..;/ ?x=1 #/y /article',
].flatMap((line) => line.split(' '))
const odd = [...'\t\n\r \0\u007f\u00a0\u200b\u3002\uff0f\uff0e\u24d4', '\ud800']

const piece = fc.constantFrom(...pieces)
const several = (one: fc.Arbitrary<string>) => fc.array(one, { maxLength: 7 }).map((parts) => parts.join(''))
const printable = several(piece)
const anything = several(
  fc.oneof(
    { weight: 6, arbitrary: piece },
    fc.constantFrom(...odd),
    fc.string({ unit: 'binary', maxLength: 3 }),
  ),
)
const starts =
  '/ /a /article/ https://gw.example.test https://app.example.test https://a.other.test/ http://localhost:3000'
/** Begins well, so that what follows is looked at. */
const promising = fc
  .tuple(fc.constantFrom(...starts.split(' ')), fc.oneof(printable, anything))
  .map(([start, rest]) => start + rest)

describe('any return URL', () => {
  it('stays home when it is accepted, by every reading, and is accepted as itself the next time', () => {
    let accepted = 0
    const input = fc.oneof({ weight: 3, arbitrary: promising }, printable, anything, fc.webUrl())
    const property = fc.property(input, (text) => {
      if (staysHome(text)) accepted++
    })
    fc.assert(property, { numRuns: 15_000 })
    ok(accepted > 750, `only ${accepted} were accepted: the property says little`)
  })

  it('stays home with an attack in front of it, behind it or inside it', () => {
    const inputs = [...Object.values(vectors.refused), vectors['accepted as they are']].flat()
    const known = fc.constantFrom(...unpacked(inputs))
    const cut = fc
      .tuple(known, known, fc.nat(12), fc.nat(12))
      .map(([a, b, i, j]) => a.slice(0, i + 1) + b.slice(j))
    const spliced = fc.tuple(known, piece, fc.nat(30)).map(([a, b, i]) => a.slice(0, i) + b + a.slice(i))
    fc.assert(
      fc.property(fc.oneof(cut, spliced), (input) => void staysHome(input)),
      { numRuns: 6_000 },
    )
  })

  it('is accepted when it is a plain path or a page below a listed domain', () => {
    const word = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}[a-z0-9]$/)
    const path = fc.array(word, { maxLength: 4 }).map((words) => `/${words.join('/')}`)
    const query = fc.oneof(
      fc.constant(''),
      word.map((text) => `?a=${text}`),
    )
    const property = fc.property(fc.array(word, { maxLength: 2 }), path, query, (labels, below, after) => {
      const at = (input: string) => Object(judgeReturnUrl(input, allowed)).url
      const host = [...labels, 'app.example.test'].join('.')
      equal(at(`https://${host}${below}${after}`), `https://${host}${below}${after}`)
      equal(at(`${below}${after}`), `${allowed.publicUrl}${below}${after}`)
    })
    fc.assert(property, { numRuns: 2000 })
  })
})
