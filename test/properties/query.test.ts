import { equal, ok, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { query } from '../../lib/http/query.ts'
import { codeOf } from '../../lib/problem.ts'

const pieces = '& = % %2 %26 %3D %63allback callback callback[] + # ; %zz %FF %C3%A9'.split(' ')
const piece = fc.oneof(
  fc.constantFrom(...pieces, '\ud800', '\udfff', '\0', '\u2028'),
  fc.string({ unit: 'binary', maxLength: 4 }),
)
const raw = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''))
const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const encoded = (part: string): string => encodeURIComponent(part.toWellFormed())

describe('any query', () => {
  it('gives one value, none, or a 400', () => {
    const property = fc.property(raw, (sent) => {
      for (const name of ['callback', 'org', '', '__proto__'])
        for (const read of [query(sent).one, query(sent).the])
          try {
            ok(read(name)?.isWellFormed() ?? true)
          } catch (error) {
            equal(codeOf(error), 'bad_query')
          }
    })
    fc.assert(property, { numRuns: 5000 })
  })

  it('gives back what was encoded into it, once, between any others', () => {
    const others = fc.array(fc.tuple(text, text), { maxLength: 4 })
    const property = fc.property(text, text, others, (name, value, around) => {
      const beside = around.filter(([key]) => key !== name)
      const pairs = [...beside.slice(0, 2), [name, value] as const, ...beside.slice(2)]
      equal(query(pairs.map((pair) => pair.map(encoded).join('=')).join('&')).one(name), value)
    })
    fc.assert(property, { numRuns: 3000 })
  })

  it('never gives either of two, however their names are encoded', () => {
    const letter = (plain: string) => fc.constantFrom(plain, `%${plain.charCodeAt(0).toString(16)}`)
    const name = fc.tuple(...[...'callback'].map(letter)).map((letters) => letters.join(''))
    const property = fc.property(name, name, raw, (one, two, between) => {
      throws(() => query(`${one}=/&x=${encoded(between)}&${two}=/`).one('callback'), { code: 'bad_query' })
    })
    fc.assert(property, { numRuns: 1000 })
  })
})
