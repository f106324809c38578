import { deepEqual, equal, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { query } from '../lib/http/query.ts'
import { each } from './support/each.ts'
import { unpacked } from './support/spellings.ts'

describe('A query parameter', () => {
  each(
    'is refused when it is repeated, missing, empty, misspelled or malformed',
    unpacked([
      '∅ callback=/&callback=/ callback=/&callback=//evil.test callback=/&%63allback=/ callback callback=',
      '%63allback=/&c%61llback=/ callback=/,//evil.test&callback callback&callback=/ callback[]=/ =callback',
      'callback%5B%5D=/ callback;=/ Callback=/ +callback=/ callback+=/ callback%00=/ & x=1;callback=/',
      'callback=% callback=/%zz callback=/%E0%A4%A callback=%C0%AF callback=%F8%80%80%80%AF callback=/\ud800',
      'callback=%ED%A0%80 callback=/&%zz=1 callback=/&%E0%A4%A callback=/&\ud800=1',
    ]),
  )((sent) => {
    for (const whole of [sent, `a=b&${sent}`, `${sent}&a=b`])
      throws(() => query(whole).the('callback'), { code: 'bad_query' }, whole)
  })

  each(
    'is read beside unknown parameters, even malformed ones',
    unpacked(['x=1 x=%zz statusCode=404 callback_uri=//evil.test __proto__=1 x&x&x']),
  )((other) => {
    for (const sent of [`${other}&callback=/`, `callback=/&${other}`]) equal(query(sent).the('callback'), '/')
  })

  it('is percent-decoded once, and a plus stays a plus', () => {
    equal(query('callback=/a+b?c+d=%2B').the('callback'), '/a+b?c+d=+')
    const text = fc.string({ unit: 'grapheme', maxLength: 12 })
    const others = fc.array(fc.tuple(text, text), { maxLength: 4 })
    const property = fc.property(text, text, others, (name, value, around) => {
      const pairs = [[name, value] as const, ...around.filter(([key]) => key !== name)]
      const raw = pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
      equal(query(raw).one(name), value)
      deepEqual(query(raw).all(), pairs)
    })
    fc.assert(property, { numRuns: 2000 })
  })

  it('can be tested for presence even in a malformed query', () => {
    const { has } = query('%zz=1&imid_token=%zz')
    deepEqual([has('imid_token'), has('error')], [true, false])
    deepEqual(query('').all(), [])
  })
})
