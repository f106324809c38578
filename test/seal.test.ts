import { equal } from 'node:assert/strict'
import { it } from 'node:test'
import { sealOf } from '../lib/session/seal.ts'

it('A seal is the same after each deployment: nobody has to sign in again', () =>
  equal(sealOf({ org: 'demo', subject: 'editor' }), 'MBDqXZId1IIGzykqcvGjlXjwUBjHhZ9YTuYfUS1PV0k'))
