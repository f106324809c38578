import { deepEqual, equal, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { incoming } from '../../lib/http/messages.ts'
import { cookiesMayAct } from '../../lib/http/request-policy.ts'
import { eventOf, fromOurPage, openGateway, type Request } from '../support/gateway.ts'
import { refused } from '../support/refused.ts'

const editor = 'https://editor.example.test'
const other = 'https://other.example.test:8443'
const gateway = await openGateway({ CORS_ALLOWED_ORIGINS: `${editor},${other}` })
const { call, token } = gateway
const { config } = gateway.instance()
let raw = ''
before(async () => {
  raw = await token()
})

const mayAct = (headers: Record<string, string>, cookies: readonly string[] = ['imidToken=x']): boolean =>
  cookiesMayAct(incoming(eventOf('unit', { headers, cookies }), 'unit', 0), config)

const foreignOrigins = [
  ...['', '*', 'undefined', 'gw.example.test', 'http://gw.example.test', 'HTTPS://gw.example.test'],
  ...['https://evil.test', 'https://example.test', 'https://app.example.test', 'https://GW.example.test'],
  ...[
    '.evil.test',
    ':8443',
    ':443',
    '/',
    '\0',
    ',https://evil.test',
    ', https://gw.example.test',
    ' https://evil.test',
  ].map((more) => `https://gw.example.test${more}`),
  ...['https://evilgw.example.test', 'https://sub.gw.example.test', ' https://gw.example.test'],
  ...[`${editor}.evil.test`, `${editor}:8443`, 'https://other.example.test'],
]
const foreignSites = ['same-site', 'cross-site', 'none', '', 'Same-Origin', 'same-origin,cross-site', 'x']

describe('The cookies of a request', () => {
  it('change nothing for another origin, whatever else a browser says', () =>
    deepEqual(
      foreignOrigins.filter(
        (origin) =>
          mayAct({ origin }) ||
          mayAct({ origin, 'sec-fetch-site': 'same-origin', referer: 'https://gw.example.test/' }),
      ),
      [],
    ))

  it('change nothing for another site, where there is no origin or a null one', () =>
    deepEqual(
      foreignSites.filter(
        (site) =>
          mayAct({ 'sec-fetch-site': site }) || mayAct({ origin: 'null', 'sec-fetch-site': site }, []),
      ),
      [],
    ))

  it('change nothing when nothing says where the request comes from, whosever cookies they are', () => {
    for (const headers of [{}, { referer: 'https://gw.example.test/' }, { origin: 'null' }])
      equal(mayAct(headers), false, JSON.stringify(headers))
    equal(mayAct({}, ['a=1']), false)
    equal(mayAct({ origin: 'null' }, []), false)
  })

  it('count when a page of ours sent them, or when there are none and no browser', () => {
    for (const headers of [
      fromOurPage,
      { origin: editor, 'sec-fetch-site': 'same-site' },
      { origin: other },
      { 'sec-fetch-site': 'same-origin' },
      // A page with `Referrer-Policy: no-referrer` sends a form so.
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
    ])
      equal(mayAct(headers), true, JSON.stringify(headers))
    equal(mayAct({}, []), true)
  })
})

const json = { 'content-type': 'application/json' }
const north = '{"unit":"north"}'

/** Sends both state changes as this person's browser would, with these headers. */
const bothRefused = async (headers: Record<string, string>, more: Partial<Request> = {}): Promise<void> => {
  const cookies = [`imidToken=${raw}`]
  for (const [name, request] of [
    ['unit', { body: north, cookies, headers: { ...json, ...headers }, ...more }],
    ['logout', { cookies, headers, ...more }],
    ['logout', { query: 'callback=/', cookies, headers, ...more }],
  ] as const) {
    const answer = await refused(gateway, name, { request, codes: ['foreign_origin'], token: raw })
    equal(answer.cookies, undefined, `${name} sets cookies`)
  }
}

describe('A state change', () => {
  it('is refused from another origin or site, and from nowhere', async () => {
    await bothRefused({ origin: 'https://evil.test' })
    await bothRefused({ 'sec-fetch-site': 'cross-site' })
    await bothRefused({ origin: 'null' })
    await bothRefused({})
  })

  it('is refused without a cookie too when a browser says cross-site: the answer would take cookies away', () =>
    bothRefused({ 'sec-fetch-site': 'cross-site' }, { cookies: [] }))

  it('is refused beside what is no bearer', async () => {
    for (const authorization of ['Basic eDp5', 'Bearerx', '']) await bothRefused({ authorization })
  })

  it('is refused as a form of another site for its type too', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'])
      await refused(gateway, 'unit', {
        request: {
          body: north,
          cookies: [`imidToken=${raw}`],
          headers: { ...fromOurPage, 'content-type': type },
        },
        codes: ['not_json'],
        token: raw,
      })
  })

  it('is done for a bearer without an origin, which never lends its freedom to a cookie', async () => {
    const headers = { ...json, authorization: 'Bearer x' }
    const request = { body: north, cookies: [`imidToken=${raw}`], headers }
    await refused(gateway, 'unit', { request, codes: ['token_malformed'], token: raw })

    const own = await token({ jti: 'csrf-bearer' })
    equal((await call('logout', { bearer: own, cookies: [`imidToken=${raw}`] })).statusCode, 200)
    equal((await call('token-is-set', { bearer: own })).statusCode, 401)
    equal((await call('token-is-set', { bearer: raw })).statusCode, 200, 'the cookie is left alone')
  })

  it('is answered with the names of the headers that were read', async () => {
    const { headers } = await call('logout', { headers: { origin: 'https://evil.test' } })
    const vary = headers.vary?.split(', ') ?? []
    for (const name of ['origin', 'sec-fetch-site', 'authorization', 'cookie', 'accept', 'sec-fetch-mode'])
      ok(vary.includes(name), `${name} is not in Vary: ${vary}`)
  })

  it('is never made by a GET', async () => {
    gateway.front.reset()
    const headers = { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }
    for (const name of ['token-is-set', 'units', 'health'] as const)
      await call(name, { cookies: [`imidToken=${raw}`], headers, query: 'unit=north&logout=1' })
    await call('login', { query: 'org=demo&callback=/', cookies: [`imidToken=${raw}`] })
    equal(gateway.front.calls.write, 0)
  })
})
