import { equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hotOrganisation } from '../bench/hot-organisation.ts'
import { limits, load, pollEvery } from '../bench/scaling.ts'
import { organisationTtl } from '../lib/state/organisation.ts'

describe('A newsroom with 120,000 open tabs', () => {
  it('stays below what one item of the table answers, on average and in the worst second', (test) => {
    const { instances, reads, worst } = hotOrganisation(120_000)
    const polls = 120_000 / pollEvery
    ok(polls > limits.partitionReadUnits * 7, 'so many polls would read it without a copy')
    equal(instances, 2400)
    ok(reads <= instances / organisationTtl, `${reads} reads a second`)
    ok(worst < limits.partitionReadUnits, `${worst} reads in one second`)
    test.diagnostic(`${polls} polls a second, ${reads} reads a second, ${worst} in the worst`)
  })

  it('reads a third less of the table than it would', () => {
    const { readUnits, readUnitsOfOne, organisationReads } = load(120_000, 8)
    equal(readUnits, 72_000)
    equal(organisationReads, 480)
    equal(readUnitsOfOne, 48_480)
  })
})
