import { equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { query } from '../../lib/http/query.ts'
import { Problem } from '../../lib/problem.ts'

const pieces = '& = % %2 %26 %3D %63allback callback callback[] + # ; %zz %FF %C3%A9'.split(' ')
const piece = fc.oneof(
  fc.constantFrom(...pieces),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('\ud800', '\udfff', '\0', '\u2028'),
)
const raw = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''))
const text = fc.string({ unit: 'grapheme', maxLength: 12 })

describe('any query', () => {
  it('gives one value, none, or a 400', () => {
    fc.assert(
      fc.property(raw, (sent) => {
        for (const name of ['callback', 'org', '', '__proto__'])
          for (const read of [query(sent).one, query(sent).the])
            try {
              const value = read(name)
              ok(value === undefined || value.isWellFormed())
              if (value !== undefined) ok(encodeURIComponent(value) !== '' || value === '')
            } catch (error) {
              ok(error instanceof Problem)
              equal(error.code, 'bad_query')
            }
      }),
      { numRuns: 5000 },
    )
  })

  it('gives back what was encoded into it, once, between any others', () => {
    fc.assert(
      fc.property(text, text, fc.array(fc.tuple(text, text), { maxLength: 4 }), (name, value, others) => {
        const beside = others.filter(([key]) => key !== name)
        const pair = ([key, what]: readonly [string, string]) =>
          `${encodeURIComponent(key)}=${encodeURIComponent(what)}`
        const sent = [...beside.slice(0, 2), [name, value] as const, ...beside.slice(2)].map(pair).join('&')
        equal(query(sent).one(name), value)
      }),
      { numRuns: 3000 },
    )
  })

  it('never gives either of two, however their names are encoded', () => {
    const spelled = fc
      .array(fc.boolean(), { minLength: 8, maxLength: 8 })
      .map((flags) =>
        [...'callback']
          .map((letter, index) => (flags[index] ? `%${letter.charCodeAt(0).toString(16)}` : letter))
          .join(''),
      )
    fc.assert(
      fc.property(spelled, spelled, raw.map(encodeWell), (one, two, between) => {
        try {
          query(`${one}=/&x=${between}&${two}=/`).one('callback')
          ok(false, 'a value')
        } catch (error) {
          ok(error instanceof Problem)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

const encodeWell = (text: string): string => encodeURIComponent(text.toWellFormed())
