import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { publicKeysFrom } from '../../lib/state/key-set.ts'
import { readSettings } from '../settings.ts'
import { startFaultyProvider } from './support/faulty-provider.ts'
import {
  browser,
  codeIn,
  gateway,
  identity,
  openService,
  organisation,
  providerOf,
} from './support/service.ts'
import { signIn } from './support/sign-in.ts'

const provider = await startFaultyProvider('imsg-demo')
after(provider.close)
const service = await openService([organisation('demo', providerOf(provider.issuer))])
const { kms, lines } = service

const withKeys = (keys: string) =>
  readSettings({ IDENTITY_URL: identity, PUBLIC_URL: gateway, ORGANISATIONS: 'x', SIGNING_KEYS: keys })

describe('GET /v1/jwks', () => {
  it('publishes every key as documented, each by its thumbprint and the day it was made, for a minute', async () => {
    const at = service.open(service.instance({ settings: withKeys('2026-11-01=key-1,2026-11-27=key-2') }))
    const answer = await at('jwks')
    const { keys, keysMeta, maxTokenTTL } = JSON.parse(answer.body ?? '')
    equal(answer.headers['cache-control'], 'public, max-age=60')
    deepEqual(Object.keys(keys[0]), ['kty', 'use', 'alg', 'kid', 'n', 'e'])
    deepEqual([keys.length, maxTokenTTL], [2, 604_800])
    deepEqual(Object.values(keysMeta), [{ at: 1_793_491_200 }, { at: 1_795_737_600 }])
    equal((await publicKeysFrom({ keys })).length, 2, 'the gateway takes it')
  })
})

describe('KMS', () => {
  it('that is throttled is a 503 with a way to begin again, and the next try succeeds', async () => {
    kms.faults.failEvery = 1
    const person = browser()
    const answer = await signIn(service, provider, { person })
    deepEqual([answer.statusCode, codeIn(answer)], [503, 'signing_unavailable'])
    match(answer.body ?? '', /class="action"/)
    ok(answer.body?.includes(`<span>${new URL(identity).host}</span>`), 'the page says whose it is')
    equal(lines.at(-1)?.SigningFailed, 1)
    delete kms.faults.failEvery
    equal((await signIn(service, provider, { person })).statusCode, 303)
  })

  it('that does not answer is given up in time for a page', async () => {
    kms.faults.silent = true
    const began = performance.now()
    const answer = await signIn(service, provider)
    delete kms.faults.silent
    deepEqual([answer.statusCode, codeIn(answer)], [503, 'signing_unavailable'])
    ok(performance.now() - began < 8000)
  })

  it('that could not give a public key is asked again', async () => {
    kms.faults.down = true
    const at = service.open()
    equal((await at('jwks')).statusCode, 503)
    delete kms.faults.down
    equal((await at('jwks')).statusCode, 200)
  })
})

describe('The settings', () => {
  it('are refused with all their problems, by name and never by value', () => {
    const read = (env: Record<string, string>) => {
      try {
        readSettings(env)
        return []
      } catch (error) {
        return (error as { problems: string[] }).problems.map((problem) => problem.replace(/[. ].*/, ''))
      }
    }
    deepEqual(read({}), ['IDENTITY_URL', 'PUBLIC_URL', 'ORGANISATIONS', 'SIGNING_KEYS'])
    const good = {
      IDENTITY_URL: identity,
      PUBLIC_URL: gateway,
      ORGANISATIONS: 'x',
      SIGNING_KEYS: '2026-11-27=k',
    }
    deepEqual(read(good), [])
    for (const [name, value] of [
      ['IDENTITY_URL', gateway],
      ['IDENTITY_URL', 'http://id.example.test'],
      ['GATEWAYS', 'https://gw.example.test/path'],
      ['SIGNING_KEYS', 'key-1'],
      ['SIGNING_KEYS', '2026-11-27=a,2026-11-27=b'],
      ['LOG_LEVEL', 'loud'],
    ] as const)
      deepEqual(read({ ...good, [name]: value }), [name])
  })
})
