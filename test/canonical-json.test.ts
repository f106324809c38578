import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { canonicalJson, checksum } from '../lib/refresh/canonical-json.ts'
import { each } from './support/each.ts'

describe('Canonical JSON', () => {
  each('has one spelling for each value', [
    [null, 'null'],
    [5, '5'],
    ['é"', '"é\\""'],
    [[1, [null], {}], '[1,[null],{}]'],
    [{ b: 1, a: { d: [], c: 'x' } }, '{"a":{"c":"x","d":[]},"b":1}'],
    [{ a: undefined, b: null }, '{"b":null}'],
    [{ 'a"': 1 }, '{"a\\"":1}'],
    [{ B: 1, a: 2, _: 3 }, '{"B":1,"_":3,"a":2}'],
  ])(([value, text]) => equal(canonicalJson(value), text))

  it('has the same SHA-256 checksum whatever the order of members', () => {
    equal(checksum({ a: 1, b: 2 }), checksum({ b: 2, a: 1 }))
    equal(checksum({}), '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a')
  })
})
