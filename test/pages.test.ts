import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { en } from '../lib/errors/en.ts'
import { escaped } from '../lib/errors/page.ts'
import { sv } from '../lib/errors/sv.ts'
import { languageFor } from '../lib/http/accept.ts'
import { type Code, catalogue, Problem } from '../lib/problem.ts'
import { each } from './support/each.ts'
import { asProblem, navigation, openGateway } from './support/gateway.ts'

const { call, front, instance, open } = await openGateway()

const pageFor = (query: string, headers: Record<string, string> = {}) =>
  call('login', { query, headers: { ...navigation, ...headers } })

it('text of a page is escaped for elements and quoted attributes, each mark by its own entity', () =>
  equal(escaped(`<a b="c" d='e'>&amp;`), '&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;'))

describe('the language of a page', () => {
  each('is in the language that is preferred', [
    ['', 'en'],
    ['sv', 'sv'],
    ['SV-se', 'sv'],
    ['sv-FI, sv;q=0.9, en;q=0.8', 'sv'],
    ['en-GB, sv;q=0.9', 'en'],
    ['en;q=0.3, sv;q=0.7', 'sv'],
    ['sv, en', 'sv'],
    ['en, sv', 'en'],
    ['de, sv;q=0.5', 'sv'],
    ['de, nb, fr;q=0.5', 'en'],
    ['*', 'en'],
    ['sv;q=0, en;q=0.1', 'en'],
    ['sv;q=0', 'en'],
    ['sv;q=much', 'en'],
    ['sw, svx, x-sv', 'en'],
    ['constructor, __proto__', 'en'],
    [';;,,q=1', 'en'],
  ])(([accept, language]) => equal(languageFor(accept), language))

  it('is the same in words, in lang and in the header, and caches are told what it hangs on', async () => {
    for (const [accept, language, title, help] of [
      ['sv-SE,sv;q=0.9,en;q=0.8', 'sv', sv.bad_query.title, 'Om du ber någon om hjälp'],
      ['en-GB', 'en', en.bad_query.title, 'If you ask somebody for help'],
    ] as const) {
      const { headers, body = '' } = await pageFor('', { 'accept-language': accept })
      equal(headers['content-language'], language)
      match(headers.vary ?? '', /\baccept-language\b/)
      match(body, new RegExp(`^<!doctype html>\n<html lang="${language}">`))
      for (const text of [`<title>${title}</title>`, `<h1>${title}</h1>`, help]) ok(body.includes(text), text)
    }
  })

  it('is for people: a problem document stays English', async () => {
    const { headers, body = '{}' } = await call('login', {
      headers: { ...asProblem, 'accept-language': 'sv' },
    })
    deepEqual([JSON.parse(body).title, headers['content-language']], [en.bad_query.title, undefined])
  })

  it('has words of its own for every failure, and nothing left in the other language', () => {
    const codes = Object.keys(catalogue) as Code[]
    deepEqual(Object.keys(sv), codes)
    for (const code of codes) {
      const { title, advice }: { title: string; advice: string } = sv[code]
      ok(title !== en[code].title && advice !== en[code].advice, code)
      for (const words of [advice, en[code].advice])
        ok(/^\p{Lu}[^<>]{15,}[.]$/u.test(words), `${code}: ${words}`)
      ok(!/\b(the|you|your|is|again)\b/i.test(`${title} ${advice}`), code)
    }
  })
})

describe('the way on', () => {
  it('is a link that starts the login again, where that can help', async () => {
    front.fault.next = () => new Problem('table_unavailable')
    const fresh = await pageFor('org=demo&callback=/a%3Fb%3D%22%3E%26', { 'accept-language': 'sv' })
    delete front.fault.next
    equal(fresh.statusCode, 503)
    match(
      fresh.body ?? '',
      /<a class="action" href="https:\/\/gw\.example\.test\/imsg-service\/v1\/org\/demo\/login\?callback=%2Fa%3Fb%3D%22%3E%26">Försök igen<\/a>/,
    )
  })

  it('is not offered where it cannot', async () => {
    for (const query of [
      'org=demo&callback=https://evil.example/',
      'org=nowhere&callback=/',
      'org=closed&callback=/',
    ]) {
      const { statusCode, body = '' } = await pageFor(query)
      ok(statusCode === 400 || statusCode === 403)
      ok(!body.includes('<a '), query)
    }
  })

  it('is told to programs by the same rule', async () => {
    const refused = async (query: string, headers: Record<string, string>) => {
      const { body = '{}' } = await call('login', { query, headers: { ...asProblem, ...headers } })
      const { code, login } = JSON.parse(body)
      return [code, login]
    }
    deepEqual(await refused('org=demo&callback=/a', { 'sec-fetch-mode': 'cors' }), [
      'not_a_navigation',
      'https://gw.example.test/imsg-service/v1/org/demo/login?callback=%2Fa',
    ])
    deepEqual(await refused('org=closed&callback=/a', {}), ['organisation_blocked', undefined])
  })
})

describe('the code at the foot of a page', () => {
  const footOf = async (settings: Record<string, string>, headers = navigation) => {
    const ask = await open('login', instance(settings))
    const { body = '' } = await ask({ query: 'org=demo', headers })
    return /<dd>(.*?bad_query.*?)<\/dd>/.exec(body)?.[1]
  }

  it('leads to its explanation, where there is an address of them', async () => {
    equal(
      await footOf({ ERRORS_URL: 'https://docs.example.test/errors.html' }),
      '<a href="https://docs.example.test/errors.html#bad_query" rel="noreferrer"><code>bad_query</code></a>',
    )
  })

  it('stands alone where there is none', async () => equal(await footOf({}), '<code>bad_query</code>'))

  it('is put into no markup by the address', async () => {
    match(
      (await footOf({ ERRORS_URL: 'https://docs.example.test/a&amp;b/<e>/' })) ?? '',
      /^<a href="https:\/\/docs\.example\.test\/a&amp;amp;b\/%3Ce%3E#bad_query" rel/,
    )
  })
})

describe('what a page may hold', () => {
  it('is one style, no script, nothing from elsewhere, nothing of the request', async () => {
    const { body = '', headers } = await pageFor('org=%3Cscript%3E&callback=/%22canary')
    ok(!/<script|<img|<link|<form|style=|\son\w+=|canary/i.test(body))
    match(
      headers['content-security-policy'] ?? '',
      /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'$/,
    )
    ok(body.length < 6000, `${body.length} characters`)
  })
})
