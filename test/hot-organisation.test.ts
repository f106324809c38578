import { ok } from 'node:assert/strict'
import { it } from 'node:test'
import { limits, pollEvery } from '../bench/scaling.ts'
import { organisationsOf } from '../lib/state/organisation.ts'

/** A whole number below `limit` at each call, the same ones in every run. */
const numbers = () => {
  let seed = 1
  return (limit: number): number => {
    seed = (seed * 48_271) % 0x7fff_ffff
    return seed % limit
  }
}

/** Reads of one organisation's item by second, for so many tabs. No instance has a copy at first, and any may get a poll. */
const readsOf = (tabs: number, seconds: number): number[] => {
  const next = numbers()
  const polls = tabs / pollEvery
  const instances = Array.from({ length: Math.ceil(polls / limits.perConcurrency) }, organisationsOf)
  return Array.from({ length: seconds }, (_, second) => {
    let reads = 0
    for (let poll = 0; poll < polls; poll++) {
      const lookup = instances[next(instances.length)]?.lookup('newsroom', second)
      lookup?.found(new Map())
      reads += lookup?.keys.length ?? 0
    }
    return reads
  })
}

it('120,000 tabs of one newsroom read its item less often than DynamoDB allows, even in the worst second', (test) => {
  const reads = readsOf(120_000, 10)
  test.diagnostic(`reads by second: ${reads.join(', ')}`)
  ok(Math.max(...reads) < limits.partitionReadUnits)
  ok(reads.reduce((sum, one) => sum + one) / reads.length <= limits.partitionReadUnits / 5)
})
