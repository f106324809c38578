import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { wire } from '../functions/not-found/index.ts'
import { en, type Words } from '../lib/errors/en.ts'
import { escaped, page } from '../lib/errors/page.ts'
import { sv } from '../lib/errors/sv.ts'
import { languages } from '../lib/errors/texts.ts'
import { catalogue } from '../lib/problem.ts'
import type { LoginUrl } from '../lib/redirect/login-url.ts'
import { each } from './support/each.ts'
import { asProblem, context, eventOf, navigation, openGateway, publicUrl } from './support/gateway.ts'

const { call, instance, token, whileTableFails } = await openGateway()

/** Every text of a language by its path. */
const textsIn = (value: object, path = ''): Map<string, string> =>
  new Map(
    Object.entries(value).flatMap(([key, text]) =>
      typeof text === 'string' ? [[`${path}.${key}`, text]] : [...textsIn(text, `${path}.${key}`)],
    ),
  )

const pageFor = (query: string, headers: Record<string, string> = {}) =>
  call('login', { query, headers: { ...navigation, ...headers } })

it('Text on a page is escaped for elements and quoted attributes', () =>
  equal(escaped(`<a b="c" d='e'>&amp;`), '&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;'))

describe('The language of a page', () => {
  it('is the same in its text, its lang attribute and Content-Language', async () => {
    for (const [accept, language, title, help] of [
      ['sv-SE,sv;q=0.9,en;q=0.8', 'sv', sv.failures.bad_query.title, 'Om du ber om hjälp'],
      ['en-GB', 'en', en.failures.bad_query.title, 'If you ask for help'],
    ] as const) {
      const { headers, body = '' } = await pageFor('', { 'accept-language': accept })
      equal(headers['content-language'], language)
      match(body, new RegExp(`^<!doctype html>\n<html lang="${language}">`))
      for (const text of [`<title>${title} · gw.example.test</title>`, `<h1>${title}</h1>`, help])
        ok(body.includes(text), text)
    }
  })

  it('does not apply to problem documents, which are in English', async () => {
    const { headers, body = '{}' } = await call('login', {
      headers: { ...asProblem, 'accept-language': 'sv' },
    })
    deepEqual([JSON.parse(body).title, headers['content-language']], [en.failures.bad_query.title, undefined])
  })

  it('is one file, named for its tag and registered, with its own translation of every English text', async () => {
    const folder = new URL('../lib/errors/', import.meta.url)
    const files = readdirSync(folder).filter((name) => /^[a-z]{2,3}\.ts$/.test(name))
    const english = textsIn(en)
    const found = await Promise.all(
      files.map(async (name) => Object.values(await import(new URL(name, folder).href))[0] as Words),
    )
    deepEqual(new Set(found), new Set(languages))
    deepEqual(
      found.map(({ language }) => `${language}.ts`),
      files,
    )
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
      match(text, key.endsWith('.advice') ? /^\p{Lu}[^<>]{15,}[.]$/u : /^\p{L}[^<>]+$/u, key)
  })
})

describe('The login link on a page', () => {
  it('starts the login again when that can help', async () => {
    const query = 'org=demo&callback=/a%3Fb%3D%22%3E%26'
    const fresh = await whileTableFails(() => pageFor(query, { 'accept-language': 'sv' }))
    equal(fresh.statusCode, 503)
    match(
      fresh.body ?? '',
      /<a class="action" href="https:\/\/gw\.example\.test\/imsg-service\/v1\/org\/demo\/login\?callback=%2Fa%3Fb%3D%22%3E%26">Försök igen<\/a>/,
    )
  })

  it('is the login URL that /authorize names', async () => {
    const { body, headers } = await call('authorize', { query: 'org=demo', headers: navigation })
    ok(body?.includes(`href="${headers['x-imid-login']}"`))
  })

  each('is missing when a login cannot help', [
    ['login', 'org=demo&callback=https://evil.example/', {}],
    ['login', 'org=nowhere&callback=/', {}],
    ['login', 'org=closed&callback=/', {}],
    // Of no known organisation.
    ['units', '', {}],
    // A logout that another site began.
    ['logout', 'callback=/', { 'sec-fetch-site': 'cross-site' }],
  ])(async ([name, query, headers]) => {
    const { statusCode, body = '' } = await call(name, { query, headers: { ...navigation, ...headers } })
    ok(statusCode === 400 || statusCode === 403)
    ok(!body.includes('<a '), query)
  })
})

it('A person whom the organisation has blocked is offered no login, also at /authorize', async () => {
  const cookies = [`imidToken=${await token({ org: 'closed' })}`]
  const ask = (headers: object) =>
    call('authorize', { query: 'org=demo', cookies, headers: { ...navigation, ...headers } })
  const { statusCode, body } = await ask({})
  deepEqual([statusCode, body?.includes('class="action"')], [401, false])
  const { code, login } = JSON.parse((await ask(asProblem)).body ?? '')
  deepEqual([code, login], ['token_organisation', undefined])
})

describe('The site on a page', () => {
  const site = { publicUrl, siteName: 'News & <Views>', errorsUrl: 'https://docs.example.test/a&b' }
  const failure = { code: 'token_expired', id: '<id>' }
  const again = { to: `${publicUrl}/?"` as LoginUrl, why: 'retry' } as const
  const content = { title: '1 < 2', advice: 'A & B', failure, again }

  each('is shown with title, advice, link and code, all of them escaped', [
    '<title>1 &lt; 2 · News &amp; &lt;Views&gt;</title>',
    '<p translate="no"><b>News &amp; &lt;Views&gt;</b><span>gw.example.test</span></p></header>',
    '<h1>1 &lt; 2</h1>\n<p>A &amp; B</p>',
    '<a class="action" href="https://gw.example.test/?&quot;">Try again</a>',
    '<dd><a href="https://docs.example.test/a&amp;b#token_expired" rel="noreferrer"><code>token_expired</code></a></dd>',
    '<dd><code>&lt;id&gt;</code></dd>',
  ])((part) => ok(page(en, content, site).includes(part)))

  each('is the host when SITE_NAME is not set, and missing when the settings are invalid', [
    [
      { publicUrl },
      '<title>T · gw.example.test</title>',
      '<p translate="no"><span>gw.example.test</span></p>',
    ],
    [undefined, '<title>T</title>', '<main>\n<svg'],
  ])(([site, title, head]) => {
    const html = page(en, { title: 'T', advice: 'A' }, site)
    deepEqual([html.includes(title), html.includes(head), /<footer|<a /.test(html)], [true, true, false])
  })

  it('links a code to its explanation only if there is one in its language', () => {
    const code = '<dd><code>token_expired</code></dd>'
    ok(page(sv, content, site).includes(code))
    for (const site of [{ publicUrl }, undefined]) ok(page(en, content, site).includes(code))
  })

  it('is shown on the start page at /, and on the 404 page elsewhere', async () => {
    const settings = { SITE_NAME: 'Example News', ERRORS_URL: 'https://docs.example.test/errors' }
    const on = instance({ ...settings, STRICT_COOKIE_MODE: 'true' })
    const ask = async (rawPath: string, headers: Record<string, string>, method = 'GET') => {
      const event = eventOf('not-found', { headers, cookies: ['"'] })
      const requestContext = { ...event.requestContext, http: { ...event.requestContext.http, method } }
      const { statusCode, body = '' } = await wire(on)({ ...event, rawPath, requestContext }, context)
      ok(!body.includes('</html>') || body.includes(' · Example News</title>'))
      equal(
        body.includes('https://docs.example.test/errors#not_found'),
        statusCode === 404 && body.includes('<h1>'),
      )
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

describe('The content of a page', () => {
  it('is one style, without scripts, external resources or anything from the request', async () => {
    const query = 'org=%3Cscript%3E&callback=/%22canary&imid_token=canary'
    const { statusCode, body = '', headers } = await pageFor(query)
    deepEqual([statusCode, headers['cross-origin-opener-policy']], [400, 'same-origin'])
    ok(body.includes('<meta name="robots" content="noindex">'))
    ok(!/<script|<img|<link|<form|style=|\son\w+=|canary/i.test(body))
    match(
      headers['content-security-policy'] ?? '',
      /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'$/,
    )
    ok(body.length < 6000, `${body.length} characters`)
  })
})
