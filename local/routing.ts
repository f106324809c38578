import type { MatchedRoute } from './payload.ts'

/** A route of the template: its key and its target. */
export type Route<T> = Readonly<{ key: string; to: T }>

/** The route of a request: its target and parameters. */
export type Match<T> = MatchedRoute & { to: T }

/** The values of the parameters, or undefined when another segment differs. */
const matched = (
  segments: readonly string[],
  actual: readonly string[],
): Record<string, string> | undefined => {
  if (segments.length !== actual.length) return undefined
  const parameters: Record<string, string> = {}
  for (const [index, segment] of segments.entries()) {
    const { [index]: value = '' } = actual
    const [, name] = /^\{(\w+)\}$/.exec(segment) ?? []
    if (name !== undefined && value !== '') parameters[name] = value
    else if (segment !== value) return undefined
  }
  return parameters
}

const segmentsOf = (path: string): string[] => path.split('/').slice(1)

/**
 * Finds the route for a method and an encoded path, as API Gateway does, or `$default`. Segments are split
 * before they are decoded, so `%2F` stays inside its segment. This project has no greedy parameters, no ANY,
 * and no two routes that both match.
 */
export const router = <T>(routes: readonly Route<T>[]) => {
  const rest = routes.find(({ key }) => key === '$default')
  const candidates = routes.filter((route) => route !== rest)

  return (method: string, path: string): Match<T> | 'malformed' | undefined => {
    let actual: string[]
    try {
      actual = segmentsOf(path).map(decodeURIComponent)
    } catch {
      return 'malformed'
    }
    for (const { key, to } of candidates) {
      const [wanted, pattern = ''] = key.split(' ')
      const parameters = wanted === method ? matched(segmentsOf(pattern), actual) : undefined
      if (parameters) return { routeKey: key, pathParameters: parameters, to }
    }
    return rest && { routeKey: rest.key, pathParameters: {}, to: rest.to }
  }
}
