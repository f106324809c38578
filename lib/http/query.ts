import { Problem } from '../problem.ts'

/** The query of a request, read by name from its raw text. */
export type Query = Readonly<{
  /** The one value of a parameter, decoded once; nothing when absent. A repeated or unreadable parameter is a 400. */
  one(name: string): string | undefined
  /** Like `one`, for a parameter that has to be there. */
  the(name: string): string
  /** Every parameter as it stands, decoded, repeated ones repeatedly. */
  all(): readonly (readonly [name: string, value: string])[]
  /** Whether a parameter of this name is there at all, readable or not. */
  has(name: string): boolean
}>

/**
 * Strict percent-decoding, of text that can be encoded again. A `+` is a plus: RFC 3986 gives it no meaning, and return URLs hold
 * no spaces.
 */
const decoded = (text: string): string => {
  if (!text.isWellFormed()) throw new Problem('bad_query')
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Problem('bad_query')
  }
}

/**
 * Reads a raw query string. API Gateway's own parsed form joins repeated parameters with a comma, which hides an attack,
 * so it is never used.
 */
export const query = (raw: string): Query => {
  const pairs = raw.split('&').map((pair) => {
    const end = pair.indexOf('=')
    return end < 0 ? ([pair, ''] as const) : ([pair.slice(0, end), pair.slice(end + 1)] as const)
  })

  const one = (name: string): string | undefined => {
    const values = pairs.filter(([key]) => decoded(key) === name).map(([, value]) => value)
    const [value] = values
    if (values.length > 1) throw new Problem('bad_query')
    return value === undefined ? undefined : decoded(value)
  }

  const the = (name: string): string => {
    const value = one(name)
    if (value === undefined || value === '') throw new Problem('bad_query')
    return value
  }

  const all = () => (raw === '' ? [] : pairs.map(([name, value]) => [decoded(name), decoded(value)] as const))

  const has = (name: string): boolean =>
    pairs.some(([key]) => {
      try {
        return decoded(key) === name
      } catch {
        return false
      }
    })

  return { one, the, has, all }
}
