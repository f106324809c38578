import { deepEqual, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Problem } from '../lib/problem.ts'
import { keySearch } from '../lib/session/newer-keys.ts'
import { unverifiedToken } from '../lib/session/token.ts'
import { keySet } from '../lib/state/key-set.ts'
import type { State, States } from '../lib/state/state.ts'
import { each } from './support/each.ts'
import { forged } from './support/forger.ts'

const at = 1000
const token = unverifiedToken(forged({ claims: { iat: at, exp: 2000 } }))

const state = (forcedAt: number): State => ({
  version: 1,
  checksum: '',
  keys: keySet([]),
  organisations: undefined,
  lastSuccess: at,
  lastError: undefined,
  keysAt: at - 10,
  forcedAt,
  settledAt: forcedAt,
})
const [cooling, open] = [state(at - 59), state(at - 60)]
const fetching = { ...cooling, settledAt: at - 61 }
const justFetched = { ...cooling, keysAt: at }

/** `read`: the state that this request has read. `fresh`: the cached state, if it is from this second. */
type Known = Readonly<{ read?: State; fresh?: State }>

/** A search over this stored state, and the calls that it makes. */
const opened = (stored: () => State | undefined, { fresh, read }: Known = {}) => {
  const calls: string[] = []
  const deps = {
    states: { fresh: () => fresh, from: stored } as Partial<States> as States,
    table: {
      read: async () => {
        calls.push('read')
        return new Map()
      },
    },
    askForKeys: async () => {
      calls.push('ask')
    },
  }
  return { calls, search: keySearch(deps, at, read) }
}
const unknown = () => Promise.reject(new Problem('token_key_unknown'))

describe('A search for the unknown key of a token', () => {
  each('reads the state and asks for newer keys at most once, and tells pending from unknown keys', [
    ['this request read the state, in a cooldown', { read: cooling }, [], 'token_key_pending'],
    ['the cached state is fresh, in a cooldown', { fresh: cooling }, [], 'token_key_pending'],
    ['the state is neither, in a cooldown', {}, ['read'], 'token_key_pending'],
    ['its keys were fetched since the request arrived', { read: justFetched }, [], 'token_key_unknown'],
    ['another fetch is in progress', { read: fetching }, ['ask', 'read'], 'token_key_pending'],
    ['this request read the state, after the cooldown', { read: open }, ['ask', 'read'], 'token_key_pending'],
    ['the cached state is fresh, after the cooldown', { fresh: open }, ['ask', 'read'], 'token_key_pending'],
  ])(async ([, states, expected, code]) => {
    const { calls, search } = opened(() => cooling, states)
    for (let twice = 0; twice < 2; twice++) await rejects(search(token, cooling, unknown), { code })
    deepEqual(calls, expected)
  })

  it('asks for keys when no state is stored yet, and uses the keys that arrive', async () => {
    const { calls, search } = opened(() => (calls.includes('ask') ? open : undefined))
    const attempt = async (current: State) => (current === open ? 'found' : unknown())
    deepEqual([await search(token, cooling, attempt), calls], ['found', ['read', 'ask', 'read']])
  })
})
