import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { incoming } from '../../lib/http/messages.ts'
import { loginBindingIn } from '../../lib/login/login-binding.ts'
import type { ReturnUrl } from '../../lib/redirect/return-url.ts'
import type { HttpRouteName } from '../../lib/routes.ts'
import { each } from '../support/each.ts'
import { browser, eventOf, fromOurPage, openGateway, type Request } from '../support/gateway.ts'
import { refused, standing } from '../support/refused.ts'
import { encoded } from '../support/spellings.ts'

/** Every place that takes a return URL. Which are allowed: `test/return-url.test.ts`. */

const gateway = await openGateway()
const still = standing(gateway, { ALLOWED_CALLBACK_ORIGINS: 'http://localhost:3000' })
const bindings = loginBindingIn(still.on.jar, still.on.random)
const token = await gateway.token()

/** A callback whose login was begun in this very browser for this return URL, as though the login had let it pass. */
const bound = (input: string): Request => {
  const begun = bindings.begin(
    incoming(eventOf('login', {}), 'login', gateway.now()),
    'demo',
    input as ReturnUrl,
  )
  const cookies = begun.cookies.map((text) => text.split(';')[0] ?? '')
  return { query: `imid_token=${token}&login=${begun.proof}&serviceCallback=${encoded(input)}`, cookies }
}

describe('A place that takes a return URL', () => {
  const places: readonly [HttpRouteName, (input: string) => Request][] = [
    ['login', (input) => ({ query: `org=demo&callback=${encoded(input)}` })],
    ['org-login', (input) => ({ path: { org: 'demo' }, query: `callback=${encoded(input)}` })],
    ['logout', (input) => ({ query: `callback=${encoded(input)}`, headers: fromOurPage })],
    ['callback', bound],
    [
      'callback',
      (input) => ({
        query: `imid_token=${token}&serviceCallback=${encoded(input)}`,
        cookies: [`imidToken=${token}`],
      }),
    ],
  ]
  each('refuses what is not allowed, and what is harmless only when it is decoded once more', [
    ...['//evil.test', 'https://evil.test/', '/\\evil.test', 'javascript:alert(1)', '/a%0d%0ab'],
    ...['https://app.example.test@evil.test', '/imsg-service/v1/login', encoded('https://app.example.test/')],
  ])(async (input) => {
    for (const [name, request] of places)
      await refused(gateway, name, {
        request: request(input),
        codes: ['return_url_not_allowed'],
        token,
        call: (sent) => still.call(name, sent),
      })
  })

  it('says why it refuses in the log, and nowhere else', async () => {
    const request = { query: `callback=${encoded('//evil.test')}`, headers: fromOurPage }
    const answer = await refused(gateway, 'logout', { request, codes: ['return_url_not_allowed'] })
    const cause = 'a path that other programs read as another address'
    equal(JSON.parse(gateway.lines.at(-1) ?? '').cause, cause)
    ok(!JSON.stringify(answer).includes(cause), 'the answer says why')
  })
})

describe('The return domains of an organisation', () => {
  const { begin, call, control } = gateway
  const list = async (domains: readonly string[], org = 'demo') => {
    await control({ do: 'organisation', org, set: { whitelistCallbackUrls: JSON.stringify(domains) } })
    await gateway.refreshEverywhere()
  }
  const statusAt = async (host: string, org = 'demo') => {
    const query = `org=${org}&callback=${encoded(`https://${host}/`)}`
    return (await call('login', { query })).statusCode
  }

  it('count at the callback too: one that is taken off the list while the login is open is none', async () => {
    const person = browser()
    const query = await begin(person, 'https://app.example.test/a')
    await list(['other.example.test'])
    query.set('imid_token', token)
    const request = { query: query.toString(), cookies: person.pairs() }
    await refused(gateway, 'callback', { request, codes: ['return_url_not_allowed'], token })
  })

  it('open nothing beyond themselves, whatever a careless or captured administrator lists', async () => {
    const wild = [
      '',
      '.',
      '*',
      '.example.test',
      '*.example.test',
      'com',
      'github.io',
      '127.0.0.1',
      '.*\\.test',
    ]
    await list([...wild, 'https://a.test', 'b.test:8443', 'c.test/', 'app.example.test'])
    const hosts = [
      'evil.test',
      'evil.example.test',
      'evil.com',
      'evil.github.io',
      '127.0.0.1',
      'a.test',
      'c.test',
    ]
    const statuses = await Promise.all([...hosts, 'b.test', 'b.test:8443'].map((host) => statusAt(host)))
    deepEqual([new Set(statuses), await statusAt('app.example.test')], [new Set([400]), 302])
  })

  it('are those of one organisation, and open nothing for another', async () => {
    await list(['evil.test'], 'second')
    deepEqual([await statusAt('evil.test'), await statusAt('evil.test', 'second')], [400, 302])
  })
})
