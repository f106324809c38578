import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { wire } from '../functions/not-found/index.ts'
import { en, type Words } from '../lib/errors/en.ts'
import { escaped } from '../lib/errors/page.ts'
import { sv } from '../lib/errors/sv.ts'
import { languages } from '../lib/errors/texts.ts'
import { catalogue } from '../lib/problem.ts'
import { each } from './support/each.ts'
import { asProblem, context, eventOf, navigation, openGateway } from './support/gateway.ts'

const { call, instance, open, whileTableFails } = await openGateway()

/** Every text of a language by its path. */
const textsIn = (value: object, path = ''): Map<string, string> =>
  new Map(
    Object.entries(value).flatMap(([key, text]) =>
      typeof text === 'string' ? [[`${path}.${key}`, text]] : [...textsIn(text, `${path}.${key}`)],
    ),
  )

const pageFor = (query: string, headers: Record<string, string> = {}) =>
  call('login', { query, headers: { ...navigation, ...headers } })

it('text of a page is escaped for elements and quoted attributes, each mark by its own entity', () =>
  equal(escaped(`<a b="c" d='e'>&amp;`), '&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;'))

describe('the language of a page', () => {
  it('is the same in words, in lang and in the header, and caches are told what it hangs on', async () => {
    for (const [accept, language, title, help] of [
      ['sv-SE,sv;q=0.9,en;q=0.8', 'sv', sv.failures.bad_query.title, 'Om du ber om hjälp'],
      ['en-GB', 'en', en.failures.bad_query.title, 'If you ask for help'],
    ] as const) {
      const { headers, body = '' } = await pageFor('', { 'accept-language': accept })
      equal(headers['content-language'], language)
      match(headers.vary ?? '', /\baccept-language\b/)
      match(body, new RegExp(`^<!doctype html>\n<html lang="${language}">`))
      for (const text of [`<title>${title} · gw.example.test</title>`, `<h1>${title}</h1>`, help])
        ok(body.includes(text), text)
    }
  })

  it('is for people: a problem document stays English', async () => {
    const { headers, body = '{}' } = await call('login', {
      headers: { ...asProblem, 'accept-language': 'sv' },
    })
    deepEqual([JSON.parse(body).title, headers['content-language']], [en.failures.bad_query.title, undefined])
  })

  it('is one file: each holds every text of English, in words of its own, and is among the languages', async () => {
    const folder = new URL('../lib/errors/', import.meta.url)
    const files = readdirSync(folder).filter((name) => /^[a-z]{2,3}(-[A-Z]{2})?\.ts$/.test(name))
    const english = textsIn(en)
    const found = await Promise.all(
      files.map(async (name) => Object.values(await import(new URL(name, folder).href))[0] as Words),
    )
    deepEqual(new Set(found), new Set(languages))
    for (const words of found.filter((words) => words !== en)) {
      const texts = textsIn(words)
      deepEqual([...texts.keys()], [...english.keys()], words.language)
      deepEqual(
        [...texts].filter(([key, text]) => text === english.get(key)),
        [],
        words.language,
      )
    }
    deepEqual(Object.keys(en.failures), Object.keys(catalogue))
    for (const [key, text] of found.flatMap((words) => [...textsIn(words)]))
      if (key.endsWith('.advice')) ok(/^\p{Lu}[^<>]{15,}[.]$/u.test(text), `${key}: ${text}`)
  })
})

describe('the way on', () => {
  it('is a link that starts the login again, where that can help', async () => {
    const query = 'org=demo&callback=/a%3Fb%3D%22%3E%26'
    const fresh = await whileTableFails(() => pageFor(query, { 'accept-language': 'sv' }))
    equal(fresh.statusCode, 503)
    match(
      fresh.body ?? '',
      /<a class="action" href="https:\/\/gw\.example\.test\/imsg-service\/v1\/org\/demo\/login\?callback=%2Fa%3Fb%3D%22%3E%26">Försök igen<\/a>/,
    )
  })

  each('is not offered where it cannot', [
    ['login', 'org=demo&callback=https://evil.example/', {}],
    ['login', 'org=nowhere&callback=/', {}],
    ['login', 'org=closed&callback=/', {}],
    // A logout that another site began.
    ['logout', 'callback=/', { 'sec-fetch-site': 'cross-site' }],
  ])(async ([name, query, headers]) => {
    const { statusCode, body = '' } = await call(name, { query, headers: { ...navigation, ...headers } })
    ok(statusCode === 400 || statusCode === 403)
    ok(!body.includes('<a '), query)
  })
})

describe('the code at the foot of a page', () => {
  const footOf = async (settings: Record<string, string>, headers: Record<string, string> = navigation) => {
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

  it('stands alone where there is none, or none in the language of the page', async () => {
    equal(await footOf({}), '<code>bad_query</code>')
    const errors = { ERRORS_URL: 'https://docs.example.test/errors.html' }
    equal(await footOf(errors, { ...navigation, 'accept-language': 'sv' }), '<code>bad_query</code>')
  })

  it('is put into no markup by the address', async () => {
    match(
      (await footOf({ ERRORS_URL: 'https://docs.example.test/a&amp;b/<e>/' })) ?? '',
      /^<a href="https:\/\/docs\.example\.test\/a&amp;amp;b\/%3Ce%3E#bad_query" rel/,
    )
  })
})

describe('whose page it is', () => {
  const headOf = async (settings: Record<string, string>) => {
    const { body = '' } = await (await open('login', instance(settings)))({ headers: navigation })
    return [/<title>(.*)<\/title>/.exec(body)?.[1], /<p translate="no">(.*?)<\/p>/.exec(body)?.[1]]
  }

  it('stands beside the icon and in the title: the host, and the name of the installation', async () => {
    const { title } = en.failures.bad_query
    deepEqual(await headOf({}), [`${title} · gw.example.test`, '<span>gw.example.test</span>'])
    deepEqual(await headOf({ SITE_NAME: 'News & <Views>' }), [
      `${title} · News &amp; &lt;Views&gt;`,
      '<b>News &amp; &lt;Views&gt;</b><span>gw.example.test</span>',
    ])
  })

  it('is told to whoever opens the host itself; everything else that is not there is 404', async () => {
    const on = instance({ SITE_NAME: 'Example News' })
    const ask = async (rawPath: string, headers: Record<string, string>, method = 'GET') => {
      const event = eventOf('not-found', { headers })
      const requestContext = { ...event.requestContext, http: { ...event.requestContext.http, method } }
      const { statusCode, body = '' } = await wire(on)({ ...event, rawPath, requestContext }, context)
      return [statusCode, /<h1>(.*)<\/h1>/.exec(body)?.[1] ?? body]
    }
    deepEqual(await ask('/', navigation), [200, en.start.title])
    deepEqual(await ask('/', { ...navigation, 'accept-language': 'sv' }), [200, sv.start.title])
    deepEqual(await ask('/', {}), [404, '"errors.api.NotFound"'])
    deepEqual(await ask('//', navigation), [404, en.failures.not_found.title])
    deepEqual(await ask('/', navigation, 'POST'), [404, en.failures.not_found.title])
    deepEqual(await ask('/', navigation, 'HEAD'), [200, ''])
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
