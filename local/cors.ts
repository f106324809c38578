import type { Outgoing } from './payload.ts'

/** The `CorsConfiguration` of an API in the template. */
export type Cors = Readonly<{
  AllowOrigins?: readonly string[]
  AllowMethods?: readonly string[]
  AllowHeaders?: readonly string[]
  ExposeHeaders?: readonly string[]
  AllowCredentials?: boolean
  MaxAge?: number
}>

const list = (name: string, values: readonly string[] | undefined): [string, string][] =>
  values && values.length > 0 ? [[name, values.join(',')]] : []

const isListed = (cors: Cors, origin: string): boolean =>
  cors.AllowOrigins?.some((allowed) => allowed === origin || allowed === '*') ?? false

const shared = (cors: Cors, origin: string): [string, string][] => [
  [
    'access-control-allow-origin',
    cors.AllowCredentials ? origin : (cors.AllowOrigins?.find((o) => o === '*') ?? origin),
  ],
  ...(cors.AllowCredentials ? [['access-control-allow-credentials', 'true'] satisfies [string, string]] : []),
]

/** API Gateway's own answer to a preflight: 204 whoever asks, with permission only for a listed origin. */
export const preflight = (cors: Cors, origin: string): Outgoing => ({
  status: 204,
  headers: isListed(cors, origin)
    ? [
        ...shared(cors, origin),
        ...list('access-control-allow-methods', cors.AllowMethods),
        ...list('access-control-allow-headers', cors.AllowHeaders),
        ...list('access-control-max-age', cors.MaxAge === undefined ? [] : [String(cors.MaxAge)]),
      ]
    : [],
  body: Buffer.alloc(0),
})

/**
 * An answer with API Gateway's CORS headers; what the function said about CORS is dropped, as API Gateway
 * drops it.
 */
export const withCors = (cors: Cors | undefined, origin: string | undefined, answer: Outgoing): Outgoing => {
  if (!cors) return answer
  const own = answer.headers.filter(([name]) => !name.startsWith('access-control-'))
  const added =
    origin !== undefined && isListed(cors, origin)
      ? [...shared(cors, origin), ...list('access-control-expose-headers', cors.ExposeHeaders)]
      : []
  return { ...answer, headers: [...own, ...added] }
}
