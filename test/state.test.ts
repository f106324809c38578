import { deepEqual, equal, notEqual, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inGrace, statesOf } from '../lib/state/state.ts'
import { stateKey } from '../lib/store/keys.ts'
import type { Item, Items } from '../lib/store/table.ts'
import { each } from './support/each.ts'
import { goodKeys } from './support/forger.ts'

const items = (more: object = {}, keys: readonly object[] = goodKeys()): Items => {
  const item = {
    checksum: { S: 'sum' },
    keys: { S: JSON.stringify(keys) },
    lastSuccess: { N: '1000' },
    ...more,
  }
  return new Map([[stateKey, item]])
}

const opened = (gracePeriod = 3600) => statesOf({ gracePeriod })

describe('The cached state', () => {
  it('is used for a minute, and is fresh only in the second of its read', () => {
    const states = opened()
    deepEqual([states.remembered(1000), states.fresh(1000), states.last()], [undefined, undefined, undefined])
    const state = states.serving(items(), 1000)
    const used = [1000, 1059, 1060].map((now) => states.remembered(now) === state)
    const fresh = [1000, 1001].map((now) => states.fresh(now) === state)
    deepEqual([used, fresh, states.last()], [[true, true, false], [true, false], state])
  })

  it('is not used once it is older than the grace period, even if it was just read', () => {
    const states = opened(60)
    const state = states.from(items(), 1060)
    deepEqual([states.remembered(1060), states.remembered(1061)], [state, undefined])
    equal(states.from(items(), 1061), states.last())
    equal(states.fresh(1061), undefined)
  })

  it('keeps its key set object while the stored keys are unchanged, and replaces it otherwise', () => {
    const states = opened()
    const { keys } = states.serving(items(), 1000)
    equal(states.serving(items({ version: { N: '2' } }), 1001).keys, keys)
    notEqual(states.serving(items({}, goodKeys().slice(1)), 1002).keys, keys)
  })
})

describe('The state', () => {
  it('is served until it is older than the grace period', () => {
    equal(opened(60).serving(items(), 1060).checksum, 'sum')
    throws(() => opened(60).serving(items(), 1061), { code: 'state_too_old' })
  })

  each<Record<string, Item>>('is missing until a refresh has stored it', [
    {},
    { [stateKey]: { lastError: { S: 'down' } } },
  ])((stored) =>
    throws(() => opened().serving(new Map(Object.entries(stored)), 1000), { code: 'state_missing' }),
  )

  each<readonly [object, number, boolean]>(
    'is in grace after a failed refresh, and after three missed refreshes',
    [
      [{}, 1180, false],
      [{}, 1181, true],
      [{ lastError: { S: 'down' } }, 1000, true],
    ],
  )(([more, now, expected]) => equal(inGrace(opened().serving(items(more), now), now), expected))
})
