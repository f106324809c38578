import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import {
  admin,
  ask,
  control,
  exchanged,
  identity,
  issue,
  type Json,
  keySet,
  kids,
  listed,
  organisation,
  post,
  verify,
} from './support/stand-in.ts'

describe('the switches', () => {
  it('down cuts connections, the control apart, until up', async () => {
    equal((await control({ do: 'down' })).down, true)
    await rejects(ask('/v1/jwks'))
    await rejects(ask('/'))
    equal((await control({ do: 'up' })).down, false)
    equal((await ask('/v1/jwks')).status, 200)
  })

  it('slow makes answers wait, the control apart', async () => {
    await control({ do: 'slow', ms: 80 })
    const begun = performance.now()
    await ask('/v1/jwks')
    ok(performance.now() - begun >= 75)
  })

  it('fail answers 500 everywhere', async () => {
    await control({ do: 'fail' })
    for (const path of ['/', '/v1/jwks', '/nowhere', '/v1/roles.list']) {
      const { status, text } = await ask(path)
      deepEqual([status, text], [500, '"errors.api.InternalServerError"'])
    }
  })

  it('up ends slow, fail and malformed at once', async () => {
    await control({ do: 'slow', ms: 5000 })
    await control({ do: 'fail' })
    await control({ do: 'malformed-jwks', as: 'empty' })
    const { slow, fail, malformed } = await control({ do: 'up' })
    deepEqual({ slow, fail, malformed }, { slow: 0, fail: false, malformed: null })
    equal((await keySet()).keys.length, 2)
  })

  const lastKey = async (): Promise<Json> => ({ ...(await keySet()).keys.at(-1) })
  const malformed: Record<string, () => Promise<void>> = {
    html: async () => match((await ask('/v1/jwks')).headers.get('content-type') ?? '', /html/),
    empty: async () => equal((await ask('/v1/jwks')).text, ''),
    'not-json': async () => rejects(keySet(), SyntaxError),
    'no-keys': async () => deepEqual((await keySet()).keys, []),
    'duplicate-kid': async () => {
      const { keys } = await keySet()
      deepEqual([keys.length, new Set(keys.map(({ kid }) => kid)).size], [2, 1])
      notEqual(keys[0]?.n, keys[1]?.n)
    },
    symmetric: async () => equal((await lastKey()).kty, 'oct'),
    private: async () => {
      const { d, kid } = await lastKey()
      equal(typeof d, 'string')
      deepEqual([(await keySet()).keys.length, kid], [2, decodeProtectedHeader(await issue()).kid])
    },
    'weak-rsa': async () => equal(Buffer.from(String((await lastKey()).n), 'base64url').length, 128),
    huge: async () => ok(JSON.stringify(await keySet()).length > 10_000_000),
    redirect: async () => {
      const { status, headers } = await ask('/v1/jwks')
      equal(status, 302)
      equal((await ask(headers.get('location') ?? '')).status, 200)
    },
    endless: async () => {
      const { status, body } = await fetch(`${identity.url}/v1/jwks`)
      equal(status, 200)
      const reader = body?.getReader()
      for (let chunks = 0; chunks < 3; chunks++) equal((await reader?.read())?.done, false)
      await reader?.cancel()
    },
  }
  for (const [as, observe] of Object.entries(malformed))
    it(`malformed-jwks as ${as}`, async () => {
      equal((await control({ do: 'malformed-jwks', as })).malformed, as)
      await observe()
    })

  it('rotate signs with a new key and keeps the old ones published', async () => {
    const old = await issue()
    const { kid } = await control({ do: 'rotate' })
    const fresh = await issue()
    equal(decodeProtectedHeader(fresh).kid, kid)
    equal((await kids()).length, 3)
    for (const token of [old, fresh]) await verify(token)
  })

  it('withdraw leaves the signing key alone, and the others still sign what is asked for', async () => {
    const [spare] = await kids()
    await control({ do: 'withdraw' })
    deepEqual(await kids(), [decodeProtectedHeader(await issue()).kid])
    await rejects(verify(await issue({ kid: spare })), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
    equal(decodeProtectedHeader(await issue({ kid: spare })).kid, spare)
  })

  it('withdraw takes the key that is named, and the Admin API stays open', async () => {
    const { kid } = decodeProtectedHeader(await issue())
    await control({ do: 'withdraw', kid })
    ok(!(await kids()).includes(kid))
    equal((await admin('roles.list')).status, 200)
  })

  it('issue overrides and removes claims and header members, and really signs', async () => {
    const token = await issue({ claims: { iss: 'me', groups: null }, header: { typ: null, cty: 'x' } })
    const { payload, protectedHeader } = await verify(token)
    deepEqual([payload.iss, 'groups' in payload], ['me', false])
    deepEqual(['typ' in protectedHeader, protectedHeader.cty], [false, 'x'])
    const { keys } = await keySet()
    const [, key] = keys
    const pss = await issue({ header: { alg: 'PS256' } })
    await jwtVerify(pss, createLocalJWKSet({ keys: [{ ...key, alg: 'PS256', kty: 'RSA' }] }))
    match(await issue({ header: { alg: 'none' } }), /^[\w-]+\.[\w-]+\.$/)
  })

  it('issue knows users and organisations', async () => {
    equal(decodeJwt<Json>(await issue({ user: 'guest' })).org, 'second')
    equal(decodeJwt<Json>(await issue({ org: 'closed' })).org, 'closed')
    equal((await ask('/_control', post({ do: 'issue', org: 'second', user: 'editor' }))).status, 400)
  })

  it('organisation changes what is listed', async () => {
    const set = { blocked: true, notBefore: 7, whitelistCallbackUrls: 'not JSON' }
    await control({ do: 'organisation', org: 'demo', set })
    const { blocked, notBefore, whitelistCallbackUrls } = await organisation('demo')
    deepEqual({ blocked, notBefore, whitelistCallbackUrls }, set)
    await control({ do: 'organisation', org: 'demo', set: { notBefore: null } })
    ok(!('notBefore' in (await organisation('demo'))))
  })

  it('subject changes the person and the next token', async () => {
    await control({
      do: 'subject',
      user: 'editor',
      set: { groups: ['west-desk'], notBefore: 7, blocked: true },
    })
    deepEqual(decodeJwt<Json>(await issue()).groups, ['west-desk'])
    const [first] = await listed(`subjects.list?organizationId=${(await organisation('demo')).id}`)
    deepEqual([first?.blocked, first?.notBefore], [true, 7])
  })

  it('mapping adds and removes what a group may do', async () => {
    const permissions = async () => (await exchanged(await issue({ user: 'visitor' }))).permissions
    const inWest = { org: 'demo', group: 'visitors', unit: 'west' }
    await control({ do: 'mapping', add: inWest })
    deepEqual(await permissions(), { org: [], units: { west: ['content:read', 'content:write'] } })
    await control({ do: 'mapping', remove: inWest })
    await control({ do: 'mapping', add: { org: 'demo', group: 'visitors', unit: null, role: 'reader' } })
    deepEqual(await permissions(), { org: ['content:read'], units: {} })
  })

  it('organisations empties the list', async () => {
    equal((await control({ do: 'organisations', list: 'empty' })).organisations, 'empty')
    deepEqual(await listed('organizations.list'), [])
    await control({ do: 'organisations', list: 'normal' })
    equal((await listed('organizations.list')).length, 3)
  })

  it('count counts requests by path, those in vain too, and begins anew when told', async () => {
    await ask('/v1/jwks?x=1')
    await ask('/v1/jwks')
    await control({ do: 'down' })
    await rejects(ask('/v1/roles.list'))
    const expected = { requests: { '/v1/jwks': 2, '/v1/roles.list': 1 } }
    deepEqual(await control({ do: 'count' }), expected)
    deepEqual(await control({ do: 'count', reset: true }), expected)
    deepEqual(await control({ do: 'count' }), { requests: {} })
  })

  it('reset brings data, switches and the published keys back, and keeps the keys', async () => {
    const [published, token] = [await kids(), await issue()]
    await control({ do: 'rotate' })
    await control({ do: 'withdraw' })
    await control({ do: 'subject', user: 'editor', set: { groups: [] } })
    await control({ do: 'fail' })
    const { fail } = await control({ do: 'reset' })
    equal(fail, false)
    deepEqual(await kids(), published)
    await verify(token)
    equal(decodeProtectedHeader(await issue()).kid, decodeProtectedHeader(token).kid)
    deepEqual(decodeJwt<Json>(await issue()).groups, ['staff', 'north-desk', 'south-desk'])
  })

  const refusals = [
    ['no command', {}, /"do" has to be a text/],
    ['an unknown command', { do: 'constructor' }, /"do" has to be one of down, /],
    ['a list', [], /JSON object/],
    ['a time that is none', { do: 'slow', ms: -1 }, /"ms" has to be a whole number/],
    ['an unknown malformation', { do: 'malformed-jwks', as: 'odd' }, /one of html, empty/],
    ['an unknown key', { do: 'withdraw', kid: 'k' }, /no key "k"/],
    ['a misspelt member', { do: 'subject', user: 'editor', set: { block: true } }, /"block" is not known/],
    ['an unknown user', { do: 'subject', user: 'x', set: {} }, /no user "x"/],
    ['an unknown organisation', { do: 'organisation', org: 'x', set: {} }, /no organisation "x"/],
    [
      'a half-good change',
      { do: 'organisation', org: 'demo', set: { blocked: true, notBefore: '1' } },
      /notBefore/,
    ],
    ['groups that are none', { do: 'subject', user: 'editor', set: { groups: 'a' } }, /list of texts/],
    [
      'a mapping of no unit',
      { do: 'mapping', add: { org: 'demo', group: 'g', unit: 'east' } },
      /no unit "east"/,
    ],
    [
      'a mapping to remove',
      { do: 'mapping', remove: { org: 'demo', group: 'g', unit: null } },
      /no such mapping/,
    ],
    ['neither add nor remove', { do: 'mapping' }, /either "add" or "remove"/],
    ['another list', { do: 'organisations', list: 'odd' }, /empty, normal/],
  ] as const
  for (const [what, command, words] of refusals)
    it(`says what is wrong with ${what}, and changes nothing`, async () => {
      const { status, text } = await ask('/_control', post(command))
      equal(status, 400)
      match(JSON.parse(text).error, words)
      equal((await organisation('demo')).blocked, false)
    })

  it('takes commands by POST alone, and JSON alone', async () => {
    equal((await ask('/_control')).status, 405)
    equal((await ask('/_control', { method: 'POST', body: 'do=down' })).status, 400)
    equal((await ask('/_control', { method: 'POST', body: ' '.repeat(1_000_001) })).status, 413)
  })
})
