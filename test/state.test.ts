import { deepEqual, equal, notEqual, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inGrace, statesOf } from '../lib/state/state.ts'
import { stateKey } from '../lib/store/keys.ts'
import type { Items } from '../lib/store/table.ts'
import { goodKeys } from './support/forger.ts'

const items = (more: object = {}, keys: readonly object[] = goodKeys()): Items =>
  new Map([
    [
      stateKey,
      {
        pk: { S: stateKey },
        version: { N: '1' },
        checksum: { S: 'sum' },
        keys: { S: JSON.stringify(keys) },
        lastSuccess: { N: '1000' },
        ...more,
      },
    ],
  ])

const opened = (gracePeriod = 3600) => statesOf({ gracePeriod })

describe('The copy of the state that a function keeps', () => {
  it('is believed for a minute', () => {
    const states = opened()
    equal(states.remembered(1000), undefined)
    const state = states.serving(items(), 1000)
    deepEqual(
      [1000, 1059, 1060].map((now) => states.remembered(now) === state),
      [true, true, false],
    )
  })

  it('is a hint for longer than that, and fresh in its first second alone', () => {
    const states = opened(60)
    deepEqual([states.last(), states.fresh(1000)], [undefined, undefined])
    const state = states.serving(items(), 1000)
    deepEqual([states.last(), states.fresh(1000), states.fresh(1001)], [state, state, undefined])
    equal(states.from(items(), 1061), states.last())
    equal(states.fresh(1061), undefined, 'too old to serve')
  })

  it('is not believed when it is too old to serve, however young the copy', () => {
    const states = opened(60)
    const state = states.from(items(), 1060)
    deepEqual([states.remembered(1060), states.remembered(1061)], [state, undefined])
  })

  it('keeps its key set while the keys are the same, and takes another when they are not', () => {
    const states = opened()
    const { keys } = states.serving(items(), 1000)
    equal(states.serving(items({ version: { N: '2' } }), 1001).keys, keys)
    notEqual(states.serving(items({}, goodKeys().slice(1)), 1002).keys, keys)
  })
})

describe('The state', () => {
  it('serves until it is older than the grace period', () => {
    equal(opened(60).serving(items(), 1060).checksum, 'sum')
    throws(() => opened(60).serving(items(), 1061), { code: 'state_too_old' })
  })

  it('that was never loaded serves nobody', () => {
    throws(() => opened().serving(new Map(), 1000), { code: 'state_missing' })
    throws(() => opened().serving(new Map([[stateKey, { lastError: { S: 'down' } }]]), 1000), {
      code: 'state_missing',
    })
  })

  it('is in grace after a failure, and when three refreshes were missed', () => {
    const grace = (more: object, now: number) => inGrace(opened().serving(items(more), now), now)
    deepEqual(
      [grace({}, 1180), grace({}, 1181), grace({ lastError: { S: 'down' } }, 1000)],
      [false, true, true],
    )
  })
})
