import { equal } from 'node:assert/strict'
import { it } from 'node:test'
import { sealOf } from '../lib/session/seal.ts'

it('A seal does not change between releases, so a deployment signs nobody out', () =>
  equal(sealOf({ org: 'demo', subject: 'editor' }), 'MBDqXZId1IIGzykqcvGjlXjwUBjHhZ9YTuYfUS1PV0k'))
