import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { calculateJwkThumbprint } from 'jose'
import { publicKeysFrom } from '../../lib/state/key-set.ts'
import { browser, codeIn, identity, openService, settingsOf } from './support/service.ts'

const on = await openService()
const { faults } = on.kms

describe('GET /v1/jwks', () => {
  it('publishes every signing key with its creation date, cacheable for a minute', async () => {
    const settings = settingsOf({ SIGNING_KEYS: '2026-11-01=key-1,2026-11-27=key-2' })
    const answer = await on.open(on.instance({ settings }))('jwks')
    const { keys, keysMeta, maxTokenTTL } = JSON.parse(answer.body ?? '')
    equal(answer.headers['cache-control'], 'public, max-age=60')
    deepEqual(Object.keys(keys[0]), ['kty', 'use', 'alg', 'kid', 'n', 'e'])
    for (const key of keys) equal(key.kid, await calculateJwkThumbprint(key))
    deepEqual([keys.length, maxTokenTTL], [2, 604_800])
    deepEqual(Object.values(keysMeta), [{ at: 1_793_491_200 }, { at: 1_795_737_600 }])
    equal((await publicKeysFrom({ keys })).length, 2, 'the gateway takes it')
  })
})

describe('When KMS fails', () => {
  it('the login callback answers 503 with a link to retry, and the retry succeeds', async () => {
    faults.failEvery = 1
    const person = browser()
    const answer = await on.signIn({ person })
    deepEqual([answer.statusCode, codeIn(answer)], [503, 'signing_unavailable'])
    match(answer.body ?? '', /class="action"/)
    ok(answer.body?.includes(`<span>${new URL(identity).host}</span>`), 'the page says whose it is')
    const { level, SigningFailed } = on.lines.at(-1) ?? {}
    deepEqual([level, SigningFailed], ['error', 1])
    delete faults.failEvery
    equal((await on.signIn({ person })).statusCode, 303)
  })

  it('a call that fails once is tried again', async () => {
    faults.failEvery = 2
    const answer = await on.signIn({ call: on.open() })
    delete faults.failEvery
    equal(answer.statusCode, 303)
  })

  it('the login callback answers 503 within eight seconds if KMS does not respond', async () => {
    faults.silent = true
    const began = performance.now()
    const answer = await on.signIn()
    delete faults.silent
    deepEqual([answer.statusCode, codeIn(answer)], [503, 'signing_unavailable'])
    ok(performance.now() - began < 8000)
  })

  it('GET /v1/jwks answers 503 and asks KMS again; a key that was read stays cached', async () => {
    faults.down = true
    const call = on.open()
    equal((await call('jwks')).statusCode, 503)
    delete faults.down
    equal((await call('jwks')).statusCode, 200)
    faults.down = true
    equal((await call('jwks')).statusCode, 200, 'a public key never changes, so it stays cached')
    delete faults.down
  })
})
