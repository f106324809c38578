import type { IncomingHttpHeaders } from 'node:http'

/** A request with its whole body. */
export type BufferedRequest = {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: string
}

/** A response before it is sent. */
export type Reply = { status: number; headers: Record<string, string>; body: string }

/** A JSON response. */
export const json = (value: unknown, status = 200): Reply => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: JSON.stringify(value),
})

/** The documented errors of the Admin API: a key as a JSON string. */
export const failures = {
  badRequest: json('errors.api.BadRequestError', 400),
  missingToken: json('errors.auth.MissingToken', 401),
  notFound: json('errors.api.NotFoundError', 404),
  internal: json('errors.api.InternalServerError', 500),
} as const satisfies Record<string, Reply>

/** The token of an `Authorization: Bearer` header. */
export const bearer = ({ headers }: Pick<BufferedRequest, 'headers'>): string | undefined =>
  /^Bearer +([^ ]+) *$/i.exec(headers.authorization ?? '')?.[1]
