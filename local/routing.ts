import type { Chosen } from './payload.ts'

/** A route of the template: its key, and whatever it leads to. */
export type Route<T> = Readonly<{ key: string; to: T }>

type Candidate<T> = Route<T> & { method: string; segments: readonly string[]; rank: string }

const isGreedy = (segment: string): boolean => /^\{.+\+\}$/.test(segment)
const isParameter = (segment: string): boolean => /^\{.+\}$/.test(segment)

/** One digit a segment, the most specific first; a closing digit puts a method before ANY. */
const rankOf = (method: string, segments: readonly string[]): string =>
  segments.map((segment) => (isGreedy(segment) ? '2' : isParameter(segment) ? '1' : '0')).join('') +
  (method === 'ANY' ? '9' : '8')

const candidate = <T>(route: Route<T>): Candidate<T> => {
  if (route.key === '$default') return { ...route, method: 'ANY', segments: ['{$default+}'], rank: '3' }
  const [method = '', path = ''] = route.key.split(' ')
  const segments = path.split('/').slice(1)
  return { ...route, method, segments, rank: rankOf(method, segments) }
}

const matched = (
  segments: readonly string[],
  actual: readonly string[],
): Record<string, string> | undefined => {
  const parameters: Record<string, string> = {}
  for (const [index, segment] of segments.entries()) {
    const value = actual[index]
    if (isGreedy(segment)) {
      parameters[segment.slice(1, -2)] = actual.slice(index).join('/')
      return actual.length > index ? parameters : undefined
    }
    if (isParameter(segment) && value) parameters[segment.slice(1, -1)] = value
    else if (segment !== value) return undefined
  }
  return segments.length === actual.length ? parameters : undefined
}

/** A route chosen for a request, with what it leads to. */
export type Match<T> = Chosen & { to: T }

/**
 * Finds the route for a method and an encoded path, as API Gateway does: exact before `{param}` before
 * `{param+}` before
 * `$default`, and a method before ANY. Segments are split before they are decoded, so `%2F` stays inside its
 * segment.
 */
export const router = <T>(routes: readonly Route<T>[]) => {
  const candidates = routes.map(candidate).sort((one, other) => (one.rank < other.rank ? -1 : 1))

  return (method: string, path: string): Match<T> | 'malformed' | undefined => {
    let actual: string[]
    try {
      actual = path.split('/').slice(1).map(decodeURIComponent)
    } catch {
      return 'malformed'
    }
    for (const { key, to, method: wanted, segments } of candidates) {
      if (wanted !== 'ANY' && wanted !== method) continue
      const parameters = matched(segments, actual)
      if (parameters) return { routeKey: key, pathParameters: key === '$default' ? {} : parameters, to }
    }
    return undefined
  }
}
