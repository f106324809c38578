import { deepEqual, equal, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { fromOurPage, openGateway, type Request } from '../support/gateway.ts'
import { refused } from '../support/refused.ts'

const editor = 'https://editor.example.test'
const gateway = await openGateway({ CORS_ALLOWED_ORIGINS: `${editor},https://other.example.test:8443` })
const { call, token } = gateway
let raw = ''
before(async () => {
  raw = await token()
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
    equal(answer.cookies, undefined)
  }
}

/** A sentence for the name of a test. */
const said = (headers: Record<string, string>): string => JSON.stringify(headers)

describe('a state change that another page asks for', () => {
  for (const origin of [
    '',
    'https://evil.test',
    'https://gw.example.test.evil.test',
    'https://evilgw.example.test',
    'https://sub.gw.example.test',
    'https://example.test',
    'https://gw.example.test:8443',
    'https://gw.example.test:443',
    'http://gw.example.test',
    'https://gw.example.test/',
    'https://GW.example.test',
    'HTTPS://gw.example.test',
    'https://gw.example.test,https://evil.test',
    'https://gw.example.test, https://gw.example.test',
    'https://gw.example.test https://evil.test',
    ' https://gw.example.test',
    'https://gw.example.test\u0000',
    'gw.example.test',
    'https://app.example.test',
    `${editor}.evil.test`,
    `${editor}:8443`,
    'https://other.example.test',
    'undefined',
    '*',
  ])
    it(`is refused from the origin ${JSON.stringify(origin)}`, async () => {
      await bothRefused({ origin })
      // Whatever else a browser says: the origin speaks first.
      await bothRefused({ origin, 'sec-fetch-site': 'same-origin' })
      await bothRefused({ origin, 'sec-fetch-site': 'same-origin', referer: 'https://gw.example.test/' })
    })

  for (const site of ['same-site', 'cross-site', 'none', '', 'Same-Origin', 'same-origin,cross-site', 'x'])
    it(`is refused from the site ${JSON.stringify(site)}, where there is no origin`, () =>
      bothRefused({ 'sec-fetch-site': site }))

  for (const headers of [{}, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }])
    it(`is refused with the origin null, which says nothing: ${said(headers)}`, async () => {
      await bothRefused({ origin: 'null', ...headers })
      await bothRefused({ origin: 'null', ...headers }, { cookies: [] })
    })

  it('is refused with a session cookie and nothing that says where it comes from', () => bothRefused({}))

  it('is refused with a referrer alone', () => bothRefused({ referer: 'https://gw.example.test/' }))

  for (const site of ['cross-site', 'same-site'])
    it(`is refused without a cookie too, when a browser says ${site}: the answer would take cookies away`, () =>
      bothRefused({ 'sec-fetch-site': site }, { cookies: [] }))

  it('is refused with somebody else\u2019s cookie alone', () => bothRefused({}, { cookies: ['a=1'] }))
})

describe('a form of another site', () => {
  for (const type of [
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'text/plain; application/json',
  ])
    it(`is refused for its type too: ${type}`, async () => {
      const request = {
        body: north,
        cookies: [`imidToken=${raw}`],
        headers: { ...fromOurPage, 'content-type': type },
      }
      await refused(gateway, 'unit', { request, codes: ['not_json'], token: raw })
    })
})

describe('a bearer', () => {
  it('needs no origin, and never lends its freedom to a cookie', async () => {
    const request = {
      body: north,
      cookies: [`imidToken=${raw}`],
      headers: { ...json, authorization: 'Bearer x' },
    }
    await refused(gateway, 'unit', { request, codes: ['token_malformed'], token: raw })
  })

  for (const authorization of ['Basic eDp5', 'Bear', 'Bearerx', 'Token x', ''])
    it(`is none, so that the origin still counts: ${JSON.stringify(authorization)}`, () =>
      bothRefused({ authorization }))

  it('ends its own session, whatever cookie goes with it', async () => {
    const own = await token({ jti: 'csrf-bearer' })
    const answer = await call('logout', { bearer: own, cookies: [`imidToken=${raw}`] })
    equal(answer.statusCode, 200)
    equal((await call('token-is-set', { bearer: own })).statusCode, 401)
    equal((await call('token-is-set', { bearer: raw })).statusCode, 200)
  })
})

describe('a request that comes from no browser', () => {
  it('has nothing to be forged with, and is judged for itself', async () => {
    const request = { body: north, headers: json }
    await refused(gateway, 'unit', { request, codes: ['token_missing'] })
    const answer = await call('logout')
    deepEqual([answer.statusCode, answer.body], [200, '{"msg":"You are logged out"}'])
  })
})

describe('a state change that one of our pages asks for', () => {
  for (const headers of [
    fromOurPage,
    { origin: editor, 'sec-fetch-site': 'same-site' },
    { origin: 'https://other.example.test:8443' },
    { 'sec-fetch-site': 'same-origin' },
    // A page with `Referrer-Policy: no-referrer` sends a form so.
    { origin: 'null', 'sec-fetch-site': 'same-origin' },
  ])
    it(`is done: ${said(headers)}`, async () => {
      const own = await token({ jti: `ours ${said(headers)}` })
      const cookies = [`imidToken=${own}`]
      const chosen = await call('unit', { body: '{"unit":null}', cookies, headers: { ...json, ...headers } })
      deepEqual([chosen.statusCode, chosen.body], [200, '{"msg":"Unit set"}'])
      equal((await call('logout', { cookies, headers })).statusCode, 200)
      equal((await call('token-is-set', { cookies })).statusCode, 401)
    })

  it('is answered with the names of the headers that were read', async () => {
    const { headers } = await call('logout', { headers: { origin: 'https://evil.test' } })
    const vary = headers.vary?.split(', ') ?? []
    for (const name of ['origin', 'sec-fetch-site', 'authorization', 'cookie', 'accept', 'sec-fetch-mode'])
      ok(vary.includes(name), name)
  })
})

describe('a GET', () => {
  it('changes nothing, wherever it comes from', async () => {
    gateway.front.reset()
    const headers = { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }
    for (const name of ['token-is-set', 'units', 'health'] as const)
      await call(name, { cookies: [`imidToken=${raw}`], headers, query: 'unit=north&logout=1' })
    await call('login', { query: 'org=demo&callback=/', cookies: [`imidToken=${raw}`] })
    equal(gateway.front.calls.write, 0)
  })
})
