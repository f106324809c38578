import { Problem } from '../problem.ts'

/** The query of a request. */
export type Query = Readonly<{
  /** The value of a parameter, decoded once, or undefined. Throws `bad_query` when repeated or malformed. */
  one(name: string): string | undefined
  /** Like `one` for a required parameter: also throws `bad_query` when it is missing or empty. */
  the(name: string): string
  /** All parameters, decoded, in order and with repetitions. */
  all(): readonly (readonly [name: string, value: string])[]
  /** Whether there is a parameter of this name, even if its value is malformed. */
  has(name: string): boolean
}>

const decodedIfValid = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Strict percent-decoding. A `+` stays a plus, as in RFC 3986. */
const decoded = (text: string): string => {
  const result = text.isWellFormed() ? decodedIfValid(text) : undefined
  if (result === undefined) throw new Problem('bad_query')
  return result
}

/**
 * Parses a raw query string. API Gateway's parsed form joins repeated parameters, which can hide an attack.
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

  const has = (name: string): boolean => pairs.some(([key]) => decodedIfValid(key) === name)

  return { one, the, has, all }
}
