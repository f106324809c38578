import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type OrganisationRecord,
  organisationFrom,
  organisationItem,
  organisationsOf,
} from '../lib/state/organisation.ts'
import { organisationKey } from '../lib/store/keys.ts'
import type { Items } from '../lib/store/table.ts'

const record: OrganisationRecord = {
  blocked: true,
  notBefore: 5,
  domains: ['app.example.test'],
  version: 8,
  directory: 7,
}
const items = (org: string, more: Partial<OrganisationRecord> = {}): Items =>
  new Map([[organisationKey(org), organisationItem({ ...record, ...more })]])

describe('The stored item of an organisation', () => {
  it('grants nothing when it is empty, and reads as undefined when it is absent', () => {
    equal(organisationFrom(undefined), undefined)
    const empty = { blocked: false, notBefore: 0, domains: [], version: 0, directory: 0 }
    deepEqual(organisationFrom({}), empty)
    deepEqual(organisationFrom({ domains: { L: [{ N: '1' }, { S: 'a.example' }] } })?.domains, ['a.example'])
  })
})

describe('The cache of organisations', () => {
  const opened = () => {
    const organisations = organisationsOf()
    /** Whether a request at this second reads it, and the version that it sees. */
    const seen = (now: number, version: number | undefined, org = 'demo'): string => {
      const lookup = organisations.lookup(org, now)
      const found = lookup.found(version === undefined ? new Map() : items(org, { version }))
      return `${lookup.keys.length === 0 ? 'keep' : 'read'} ${found?.version}`
    }
    return { organisations, seen }
  }

  it('uses a record for five seconds from before its read, but not when the clock was set back', () => {
    const { organisations, seen } = opened()
    const slow = organisations.lookup('demo', 1000)
    seen(1004, 1, 'another')
    equal(slow.found(items('demo', { version: 1 }))?.version, 1)
    equal(
      [seen(1004, 2), seen(1005, 3), seen(1009, 4), seen(1010, 5), seen(1009, 6)].join(),
      'keep 1,read 3,keep 3,read 5,read 6',
    )
  })

  it('remembers for five seconds that an organisation is absent', () => {
    const { seen } = opened()
    const all = [seen(1000, undefined), seen(1004, 1), seen(1005, 1)]
    deepEqual(all, ['read undefined', 'keep undefined', 'read 1'])
  })

  it('holds 500 records, and drops the one that was read longest ago', () => {
    const { seen } = opened()
    for (let n = 0; n < 500; n++) seen(1000, n, `org-${n}`)
    deepEqual([seen(1001, 9, 'org-0'), seen(1001, 9, 'org-499')], ['keep 0', 'keep 499'])
    seen(1001, 1, 'one more')
    deepEqual([seen(1001, 9, 'org-1'), seen(1001, 9, 'org-0')], ['keep 1', 'read 9'])
    // Read again, and so dropped last.
    equal(seen(1006, 2, 'org-2'), 'read 2')
    for (let n = 3; n < 500; n++) seen(1006, n, `later-${n}`)
    equal(seen(1006, 9, 'org-2'), 'keep 2')
  })
})
