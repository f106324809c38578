import { deepEqual, equal } from 'node:assert/strict'
import { before, beforeEach, describe, it } from 'node:test'
import { browser, openGateway, set } from '../support/gateway.ts'
import { refused } from '../support/refused.ts'
import { encoded } from '../support/spellings.ts'

const gateway = await openGateway()
const { call, begin, token, control } = gateway
const app = 'https://app.example.test/a?b=1#c'
let raw = ''
before(async () => {
  raw = await token()
})

const listed = (domains: readonly string[], org = 'demo') =>
  control({ do: 'organisation', org, set: { whitelistCallbackUrls: JSON.stringify(domains) } })

/** What a return URL that was fixed when the login began may become on the way. Each of them is allowed by itself, or nearly. */
const altered = [
  'https://evil.test/',
  '//evil.test',
  '/\\evil.test',
  'javascript:alert(1)',
  'https://app.example.test/',
  'https://app.example.test/a?b=1',
  'https://app.example.test/a?b=1#d',
  'https://app.example.test/a?b=1#c ',
  'https://app.example.test/a?b=1#c/',
  'https://app.example.test/A?b=1#c',
  'https://app.example.test/%61?b=1#c',
  'https://a.app.example.test/a?b=1#c',
  'HTTPS://app.example.test/a?b=1#c',
  'https://app.example.test:443/a?b=1#c',
  '/',
  '/a?b=1#c',
  '/imsg-service/v1/callback',
  encoded(app),
]

describe('a return URL that is changed between login and callback', () => {
  for (const target of altered)
    it(`is not the one that the login was begun for: ${target}`, async () => {
      const person = browser()
      const query = await begin(person, app)
      query.set('serviceCallback', target)
      query.set('imid_token', raw)
      const request = { query: query.toString(), cookies: person.pairs() }
      await refused(gateway, 'callback', { request, codes: ['login_not_from_this_browser'], token: raw })
      // The login is not spent by an attempt that failed.
      query.set('serviceCallback', app)
      const answer = await call('callback', { ...request, query: query.toString() })
      deepEqual([answer.statusCode, answer.headers.location], [302, app])
    })

  for (const target of ['', 'x', encoded('https://evil.test')])
    it(`is not rescued by a second one: ${JSON.stringify(target)}`, async () => {
      const person = browser()
      const query = `${await begin(person, app)}&imid_token=${raw}`
      for (const sent of [`${query}&serviceCallback=${target}`, `serviceCallback=${target}&${query}`])
        await refused(gateway, 'callback', {
          request: { query: sent, cookies: person.pairs() },
          codes: ['bad_query'],
          token: raw,
        })
    })

  it('is refused while the old session is good, and leaves that session alone', async () => {
    const person = browser()
    const query = await begin(person, app)
    query.set('serviceCallback', 'https://evil.test/')
    query.set('imid_token', await token({ jti: 'injected' }))
    const cookies = [...person.pairs(), `imidToken=${raw}`]
    const answer = await refused(gateway, 'callback', {
      request: { query: query.toString(), cookies },
      codes: ['return_url_not_allowed'],
      token: raw,
    })
    equal(answer.cookies, undefined)
  })

  it('is never where the token of the address goes: the session that was there stays', async () => {
    const person = browser()
    const query = await begin(person, app)
    query.set('serviceCallback', 'https://app.example.test/other')
    query.set('imid_token', await token({ jti: 'injected too' }))
    const cookies = [...person.pairs(), `imidToken=${raw}`]
    const answer = await call('callback', { query: query.toString(), cookies })
    deepEqual([answer.statusCode, answer.headers.location], [302, 'https://app.example.test/other'])
    deepEqual(set(answer), [])
  })
})

describe('a return domain that is taken off the list while the login is open', () => {
  beforeEach(async () => {
    await listed(['app.example.test'])
    await gateway.refreshEverywhere()
  })

  it('is no return domain any more', async () => {
    const person = browser()
    const query = await begin(person, app)
    await listed(['other.example.test'])
    await gateway.refreshEverywhere()
    query.set('imid_token', raw)
    await refused(gateway, 'callback', {
      request: { query: query.toString(), cookies: person.pairs() },
      codes: ['return_url_not_allowed'],
      token: raw,
    })
  })
})

describe('a list of return domains from a captured or careless administrator', () => {
  for (const [what, domains, target] of [
    ['nothing', [''], 'https://evil.test/'],
    ['a dot', ['.'], 'https://evil.test/'],
    ['a star', ['*'], 'https://evil.test/'],
    ['a leading dot', ['.example.test'], 'https://evil.example.test/'],
    ['a wildcard', ['*.example.test'], 'https://evil.example.test/'],
    ['a top-level domain', ['com'], 'https://evil.com/'],
    ['a public suffix', ['co.uk'], 'https://evil.co.uk/'],
    ['a private suffix', ['github.io'], 'https://evil.github.io/'],
    ['an address', ['127.0.0.1'], 'https://127.0.0.1/'],
    ['an address in brackets', ['[::1]'], 'https://[::1]/'],
    ['a URL', ['https://evil.test'], 'https://evil.test/'],
    ['a port', ['evil.test:8443'], 'https://evil.test:8443/'],
    ['a port that is left out', ['evil.test:8443'], 'https://evil.test/'],
    ['a path', ['evil.test/'], 'https://evil.test/'],
    ['a user', ['a@evil.test'], 'https://evil.test/'],
    ['a blank', [' evil.test'], 'https://evil.test/'],
    ['a closing dot', ['evil.test.'], 'https://evil.test/'],
    ['a regular expression', ['.*\\.test'], 'https://evil.test/'],
    ['an underscore', ['_.evil.test'], 'https://_.evil.test/'],
    ['localhost', ['localhost'], 'https://localhost/'],
  ] as const)
    it(`opens nothing: ${what}`, async () => {
      await listed([...domains, 'app.example.test'])
      await gateway.refreshEverywhere()
      const query = `org=demo&callback=${encoded(target)}`
      await refused(gateway, 'login', { request: { query }, codes: ['return_url_not_allowed'] })
      equal((await call('login', { query: `org=demo&callback=${encoded(app)}` })).statusCode, 302)
    })

  for (const list of [
    '"evil.test"',
    'evil.test',
    '{"0":"evil.test"}',
    '[["evil.test"]]',
    '[null]',
    '',
    '[',
    '1',
  ])
    it(`opens nothing when it is no list of domains: ${list}`, async () => {
      await control({ do: 'organisation', org: 'demo', set: { whitelistCallbackUrls: list } })
      await gateway.refreshEverywhere()
      const query = `org=demo&callback=${encoded('https://evil.test/')}`
      await refused(gateway, 'login', { request: { query }, codes: ['return_url_not_allowed'] })
    })

  it('opens nothing for another organisation', async () => {
    await listed(['app.example.test'])
    await listed(['evil.test'], 'second')
    await gateway.refreshEverywhere()
    const query = `callback=${encoded('https://evil.test/')}`
    await refused(gateway, 'login', {
      request: { query: `org=demo&${query}` },
      codes: ['return_url_not_allowed'],
    })
    equal((await call('login', { query: `org=second&${query}` })).statusCode, 302)
  })
})
