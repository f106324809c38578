import { deepEqual, equal, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { browser, codeOf, fromOurPage, openGateway } from '../support/gateway.ts'
import { nothingGained, refused, standing, withoutToken } from '../support/refused.ts'
import { encoded } from '../support/spellings.ts'
import vectors from '../vectors/parameters.json' with { type: 'json' }

const gateway = await openGateway()
const still = standing(gateway)
let token = ''
before(async () => {
  token = await gateway.token()
})

const filled = (query: string): string =>
  query.replace('{8192}', 'x'.repeat(8192)).replaceAll('{token}', token)

describe('a return URL given twice, not at all, under another name or unreadably', () => {
  for (const query of vectors['callback at a login'])
    it(`starts no login: ${JSON.stringify(query)}`, async () => {
      for (const [name, request] of [
        ['login', { query: `org=demo&${filled(query)}` }],
        ['login', { query: `${filled(query)}&org=demo` }],
        ['org-login', { path: { org: 'demo' }, query: filled(query) }],
      ] as const)
        await refused(gateway, name, {
          request,
          codes: ['bad_query', 'return_url_not_allowed'],
          call: (sent) => still.call(name, sent),
        })
    })
})

describe('an organisation given twice, not at all, under another name or unreadably', () => {
  for (const query of vectors['org at a login'])
    it(`starts no login: ${JSON.stringify(query)}`, async () => {
      for (const sent of [`${filled(query)}&callback=/`, `callback=/&${filled(query)}`])
        await refused(gateway, 'login', {
          request: { query: sent },
          codes: ['bad_query', 'bad_organisation'],
          call: (request) => still.call('login', request),
        })
    })
})

describe('a token given twice, not at all, under another name or unreadably', () => {
  for (const query of vectors['imid_token at a callback'])
    it(`finishes no login: ${query}`, async () => {
      const person = browser()
      const begun = await gateway.begin(person, 'https://app.example.test/')
      await refused(gateway, 'callback', {
        request: { query: `${begun}&${filled(query)}`, cookies: person.pairs() },
        codes: ['bad_query', 'login_cancelled', 'login_refused'],
        token,
      })
    })

  it('is not read from a body', async () => {
    const person = browser()
    const begun = await gateway.begin(person)
    const request = { query: `${begun}`, cookies: person.pairs(), body: `imid_token=${token}` }
    await refused(gateway, 'callback', { request, codes: ['bad_query'], token })
  })

  for (const name of ['token-is-set', 'units'] as const)
    it(`is not read from the query of ${name}`, async () => {
      const request = { query: `imid_token=${token}&access_token=${token}&token=${token}` }
      await refused(gateway, name, { request, codes: ['token_missing'], token })
    })
})

describe('a plus', () => {
  it('is a plus in a return URL, and never a space', async () => {
    const { headers } = await still.call('login', {
      query: 'org=demo&callback=/a+b?c+d=%2B',
    })
    const back = new URL(new URL(headers.location ?? '').searchParams.get('callback') ?? '')
    equal(back.searchParams.get('serviceCallback'), 'https://gw.example.test/a+b?c+d=+')
  })
})

describe('parameters that nobody asked for', () => {
  for (const more of [
    'x=%zz',
    'statusCode=404',
    'callback_uri=//evil.test',
    'x={8192}',
    '__proto__=1',
    'x&x&x',
  ])
    it(`change nothing: ${more}`, async () => {
      const { statusCode, headers } = await still.call('login', {
        query: `org=demo&callback=/&${filled(more)}`,
      })
      equal(statusCode, 302)
      const there = new URL(headers.location ?? '')
      deepEqual([...there.searchParams.keys()], ['callback'])
      ok(!there.href.includes('evil'))
    })
})

describe('a return URL of a logout that cannot be read', () => {
  for (const query of ['callback=/&callback=/', 'callback=%zz', '%zz', 'callback=//evil.test', 'callback='])
    it(`is a 400 once the session is ended: ${query}`, async () => {
      const own = await gateway.token({ jti: `logout ${query}` })
      const cookies = [`imidToken=${own}`]
      const answer = await refused(gateway, 'logout', {
        request: { query, cookies, headers: fromOurPage },
        codes: ['bad_query', 'return_url_not_allowed'],
        token: own,
        mayWrite: true,
      })
      equal(
        answer.cookies?.every((text) => text.startsWith('imidToken=; Max-Age=0; ')),
        true,
      )
      const after = await gateway.call('token-is-set', {
        cookies,
        headers: { accept: 'application/problem+json' },
      })
      deepEqual([after.statusCode, codeOf(after)], [401, 'token_revoked'])
    })
})

describe('what an answer repeats of a request', () => {
  const markup = '"><script>alert(1)</script><img src=x onerror=alert(2)>\'`{{7*7}}'
  const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

  for (const accept of ['text/html', 'application/json', 'application/problem+json'])
    for (const [name, query] of [
      ['login', `org=${encoded(markup)}&callback=/`],
      ['login', `org=demo&callback=${encoded(markup)}`],
      ['login', `org=demo&callback=${encoded(`/${markup}`)}&error=${encoded(markup)}`],
      ['callback', `error=${encoded(markup)}&error_description=${encoded(markup)}`],
      [
        'callback',
        `imid_token=${encoded(markup)}&serviceCallback=${encoded(markup)}&login=${encoded(markup)}`,
      ],
    ] as const)
      it(`is no markup: ${name}?${query.slice(0, 40)}, for ${accept}`, async () => {
        gateway.front.reset()
        const answer = await still.call(name, { query, headers: { ...page, accept } })
        if (answer.statusCode < 400) {
          ok(!/["'<>`]/.test(answer.headers.location ?? ''))
          return
        }
        nothingGained(gateway, answer)
        ok(!/script>|<img|onerror|7\*7/.test(answer.body ?? ''), answer.body)
      })

  it('holds no token, also where a page offers to sign in again', async () => {
    const person = browser()
    const begun = await gateway.begin(person)
    const wrong = `${token.slice(0, -6)}AAAAAA`
    const answer = await gateway.call('callback', {
      query: `${begun}&imid_token=${wrong}`,
      cookies: person.pairs(),
      headers: page,
    })
    equal(answer.statusCode, 303)
    const query = new URL(answer.headers.location ?? '').search.slice(1)
    const shown = await gateway.call('login-failed', { query, headers: page })
    ok(shown.body?.includes('Sign in again'))
    withoutToken(JSON.stringify([answer, shown]), wrong)
  })
})
