import { Problem } from '../problem.ts'

/** The query of a request, read by name from its raw text. */
export type Query = Readonly<{
  /**
   * The value of a parameter, decoded once, or undefined. Throws `bad_query` for a repeated or unreadable
   * one.
   */
  one(name: string): string | undefined
  /** Like `one`, for a required parameter: throws `bad_query` when it is missing or empty. */
  the(name: string): string
  /** All parameters in order, decoded, with repetitions. */
  all(): readonly (readonly [name: string, value: string])[]
  /** Whether a parameter of this name is there at all, readable or not. */
  has(name: string): boolean
}>

/**
 * Strict percent-decoding of text that can be encoded again. A `+` stays a plus: RFC 3986 gives it no other
 * meaning, and return URLs hold no spaces.
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
 * Reads a raw query string. API Gateway's own parsed form joins repeated parameters with a comma, which hides
 * an attack, so it is never used.
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
