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
const justAccepted = { ...cooling, keysAt: at }

describe('A search for the key of a token', () => {
  each('reads the state and asks for keys as often as it has to, and says whether the key may still come', [
    ['the state was read by this request, in a cooldown', cooling, undefined, [], 'token_key_pending'],
    ['it was read in this second, in a cooldown', undefined, cooling, [], 'token_key_pending'],
    ['it has to be read, in a cooldown', undefined, undefined, ['read'], 'token_key_pending'],
    ['its keys were accepted since the request arrived', justAccepted, undefined, [], 'token_key_unknown'],
    ['a fetch is in progress', fetching, undefined, ['ask', 'read'], 'token_key_pending'],
    ['it was read by this request', open, undefined, ['ask', 'read'], 'token_key_pending'],
    ['it was read in this second', undefined, open, ['ask', 'read'], 'token_key_pending'],
  ])(async ([, read, fresh, expected, code]) => {
    const calls: string[] = []
    const states = { fresh: () => fresh, from: () => cooling } as Partial<States> as States
    const table = {
      read: async () => {
        calls.push('read')
        return new Map()
      },
    }
    const askForKeys = async () => {
      calls.push('ask')
    }
    const search = keySearch({ table, states, askForKeys }, at, read)
    const attempt = () => Promise.reject(new Problem('token_key_unknown'))
    for (let twice = 0; twice < 2; twice++) await rejects(search(token, cooling, attempt), { code })
    deepEqual(calls, expected)
  })

  it('asks for keys where no state was ever stored, and gives what is found', async () => {
    const calls: string[] = []
    let stored: State | undefined
    const states = { fresh: () => undefined, from: () => stored } as Partial<States> as States
    const askForKeys = async () => {
      calls.push('ask')
      stored = open
    }
    const search = keySearch({ table: { read: async () => new Map() }, states, askForKeys }, at)
    const attempt = async (current: State) =>
      current === open ? 'found' : Promise.reject(new Problem('token_key_unknown'))
    deepEqual([await search(token, cooling, attempt), calls], ['found', ['ask']])
  })
})
