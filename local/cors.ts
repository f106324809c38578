import type { Outgoing } from './payload.ts'

/** The `CorsConfiguration` of an API in the template: exact origins, with credentials. */
export type Cors = Readonly<{
  AllowOrigins?: readonly string[]
  AllowMethods?: readonly string[]
  AllowHeaders?: readonly string[]
  MaxAge?: number
}>

/** The headers that allow a listed origin. */
const permission = ({ AllowOrigins = [] }: Cors, origin: string | undefined): [string, string][] =>
  origin !== undefined && AllowOrigins.includes(origin)
    ? [
        ['access-control-allow-origin', origin],
        ['access-control-allow-credentials', 'true'],
      ]
    : []

/** API Gateway's own answer to a preflight: always 204, with permission only for a listed origin. */
export const preflight = (cors: Cors, origin: string): Outgoing => {
  const { AllowMethods = [], AllowHeaders = [], MaxAge = 0 } = cors
  const allowed = permission(cors, origin)
  const more: [string, string][] = [
    ['access-control-allow-methods', AllowMethods.join()],
    ['access-control-allow-headers', AllowHeaders.join()],
    ['access-control-max-age', String(MaxAge)],
  ]
  return { status: 204, headers: allowed.length > 0 ? [...allowed, ...more] : [], body: Buffer.alloc(0) }
}

/** Replaces the CORS headers of a function's response with API Gateway's own, as API Gateway does. */
export const withCors = (cors: Cors | undefined, origin: string | undefined, answer: Outgoing): Outgoing => {
  if (!cors) return answer
  const own = answer.headers.filter(([name]) => !name.startsWith('access-control-'))
  return { ...answer, headers: [...own, ...permission(cors, origin)] }
}
