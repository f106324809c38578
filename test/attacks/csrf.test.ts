import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { incoming } from '../../lib/http/messages.ts'
import { cookiesMayAct } from '../../lib/http/request-policy.ts'
import { each } from '../support/each.ts'
import { eventOf, fromOurPage, openGateway, type Request } from '../support/gateway.ts'
import { refused } from '../support/refused.ts'

const editor = 'https://editor.example.test'
const other = 'https://other.example.test:8443'
const gateway = await openGateway({ CORS_ALLOWED_ORIGINS: `${editor},${other}` })
const { call, token } = gateway
const { config } = gateway.instance()
const raw = await token()

type Headers = Readonly<Record<string, string>>

const mayAct = (headers: Headers, cookies: readonly string[] = ['imidToken=x']): boolean =>
  cookiesMayAct(incoming(eventOf('unit', { headers, cookies }), 'unit', 0), config)

describe('The cookies of a request', () => {
  const behindOurs = ['.evil.test', ':8443', ':443', '/', '\0', ',https://evil.test', ' https://evil.test']
  each('change nothing for another origin, whatever else a browser says', [
    ...['', '*', 'undefined', 'gw.example.test', 'http://gw.example.test', 'HTTPS://gw.example.test'],
    ...['https://evil.test', 'https://example.test', 'https://app.example.test', 'https://GW.example.test'],
    ...[...behindOurs, ', https://gw.example.test'].map((more) => `https://gw.example.test${more}`),
    ...['https://evilgw.example.test', 'https://sub.gw.example.test', ' https://gw.example.test'],
    ...[`${editor}.evil.test`, `${editor}:8443`, 'https://other.example.test'],
  ])((origin) => {
    const more = { 'sec-fetch-site': 'same-origin', referer: 'https://gw.example.test/' }
    deepEqual([mayAct({ origin }), mayAct({ origin, ...more })], [false, false])
  })

  each('change nothing for another site, where there is no origin or a null one', [
    ...['same-site', 'cross-site', 'none', '', 'Same-Origin', 'same-origin,cross-site', 'x'],
  ])((site) => {
    const headers = { 'sec-fetch-site': site }
    deepEqual([mayAct(headers), mayAct({ origin: 'null', ...headers }, [])], [false, false])
  })

  each<[boolean, Headers, string[]?]>('count only when something says that a page of ours sent them', [
    [false, {}],
    [false, {}, ['a=1']],
    [false, { referer: 'https://gw.example.test/' }],
    [false, { origin: 'null' }],
    [false, { origin: 'null' }, []],
    [true, fromOurPage],
    [true, { origin: editor, 'sec-fetch-site': 'same-site' }],
    [true, { origin: other }],
    [true, { 'sec-fetch-site': 'same-origin' }],
    // A page with `Referrer-Policy: no-referrer` sends a form so.
    [true, { origin: 'null', 'sec-fetch-site': 'same-origin' }],
    // No cookies and no browser.
    [true, {}, []],
  ])(([expected, headers, cookies]) => equal(mayAct(headers, cookies), expected))
})

const json = { 'content-type': 'application/json' }
const north = '{"unit":"north"}'
const cookies = [`imidToken=${raw}`]

describe('A state change', () => {
  each<Request>('is refused from another origin or site, from nowhere, and beside what is no bearer', [
    { headers: { origin: 'https://evil.test' } },
    { headers: { 'sec-fetch-site': 'cross-site' } },
    // Without a cookie too: the answer would take cookies away.
    { headers: { 'sec-fetch-site': 'cross-site' }, cookies: [] },
    { headers: { origin: 'null' } },
    {},
    ...['Basic eDp5', 'Bearerx', ''].map((authorization) => ({ headers: { authorization } })),
  ])(async (attack) => {
    for (const [name, request] of [
      ['unit', { cookies, ...attack, body: north, headers: { ...json, ...attack.headers } }],
      ['logout', { cookies, ...attack, query: 'callback=/' }],
    ] as const) {
      const answer = await refused(gateway, name, { request, codes: ['foreign_origin'], token: raw })
      equal(answer.cookies, undefined, `${name} sets cookies`)
    }
  })

  it('is done for a bearer without an origin, which never lends its freedom to a cookie', async () => {
    const request = { body: north, cookies, headers: { ...json, authorization: 'Bearer x' } }
    await refused(gateway, 'unit', { request, codes: ['token_malformed'], token: raw })
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
      await call(name, { cookies, headers, query: 'unit=north&logout=1' })
    equal(gateway.front.calls.write, 0)
  })
})
