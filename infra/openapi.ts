import { writeFileSync } from 'node:fs'
import { settings } from '../lib/config.ts'
import { en } from '../lib/errors/en.ts'
import { answers, type Code, catalogue } from '../lib/problem.ts'
import { answerOn, methodsAndPaths, prefix, type Route, routes } from '../lib/routes.ts'
import packageJson from '../package.json' with { type: 'json' }
import { keysOf } from './keys-of.ts'
import { commonHeaders, tooLong, withCommonHeaders } from './openapi-headers.ts'
import { type RouteDescription, routeDescriptions } from './openapi-routes.ts'
import {
  type Answer,
  cookieHeader,
  type Json,
  json,
  object,
  ref,
  requestHeader,
  text,
} from './openapi-schema.ts'

/** Builds the OpenAPI 3.1 document from the route table and the catalogue of failures. */

/** Request headers that the rules of a route read. */
const policyHeaders = (route: Route): Json[] => [
  ...('only' in route
    ? [
        requestHeader(
          'Sec-Fetch-Mode',
          'Any value except `navigate` is refused. A client that does not send it counts as a navigation.',
        ),
        requestHeader('Sec-Fetch-Dest', 'An embedding (`iframe`, `object`, `image`, ...) is refused.'),
        requestHeader(
          'Sec-Purpose',
          'A prefetch is refused; `Purpose`, `X-Purpose` and `X-Moz` are read too.',
        ),
      ]
    : []),
  ...('post' in route
    ? [
        requestHeader(
          'Origin',
          'Must be PUBLIC_URL or listed in CORS_ALLOWED_ORIGINS, unless a bearer is sent.',
        ),
        requestHeader(
          'Sec-Fetch-Site',
          'Must be `same-origin` if a cookie is sent without Origin, or with the Origin `null`.',
        ),
      ]
    : []),
]

const security = {
  needed: [{ bearer: [] }, { cookie: [] }],
  optional: [{}, { bearer: [] }, { cookie: [] }],
  ignored: [],
}

/** The answer to failures with the same status: a key, a problem document or a page. */
const refused = (route: Route, codes: readonly [Code, ...Code[]], setsCookies: boolean): Answer => {
  const [first] = codes
  const { status, key } = answers[answerOn(route, first)]
  const headers = {
    ...(status === 401 && { 'WWW-Authenticate': ref('headers', 'WWW-Authenticate') }),
    ...(setsCookies && cookieHeader),
  }
  return {
    description: codes.map((code) => `- \`${code}\`: ${en.failures[code].title}`).join('\n'),
    ...(Object.keys(headers).length > 0 && { headers }),
    content: {
      ...json(text(key)),
      'application/problem+json': {
        schema: {
          allOf: [
            ref('schemas', 'Problem'),
            {
              type: 'object',
              properties: {
                status: { type: 'integer', enum: [status] },
                key: text(key),
                code: { type: 'string', enum: codes },
              },
            },
          ],
        },
      },
      'text/html': { schema: { type: 'string' } },
    },
  }
}

/** Combines two answers with the same status. */
const either = (one: Answer, other: Answer): Answer => {
  const media = { ...one.content }
  for (const [type, { schema }] of Object.entries(other.content ?? {})) {
    const before = media[type]
    media[type] = before ? { schema: { oneOf: [before.schema, schema] } } : { schema }
  }
  const headers = { ...one.headers, ...other.headers }
  return {
    description: `${one.description}\n\n${other.description}`,
    ...(Object.keys(headers).length > 0 && { headers }),
    content: media,
  }
}

const refusals = (route: Route, { refusalsSetCookies }: RouteDescription): Map<number, Answer> => {
  const byStatus = Map.groupBy<number, Code>(
    [...route.problems, 'internal'],
    (code) => answers[answerOn(route, code)].status,
  )
  return new Map(
    [...byStatus].flatMap(([status, [first, ...others]]) => {
      if (first === undefined) return []
      const taken = [first, ...others].includes('token_duplicate')
      return [[status, refused(route, [first, ...others], taken || refusalsSetCookies === true)]]
    }),
  )
}

const responses = (route: Route, described: RouteDescription): Record<string, Answer> => {
  const all = refusals(route, described)
  // If a session cookie is read, any answer may clear a planted one.
  const clears = [...route.problems].includes('session_of_another_person')
  for (const [status, own] of Object.entries(described.answers)) {
    const answer = clears ? { ...own, headers: { ...own.headers, ...cookieHeader } } : own
    const before = all.get(Number(status))
    all.set(Number(status), before ? either(answer, before) : answer)
  }
  const common = [...all].map(([status, answer]) => [String(status), withCommonHeaders(answer)])
  return { ...Object.fromEntries(common), 431: tooLong }
}

const operation = (name: string, route: Route, described: RouteDescription) => ({
  operationId: name,
  summary: route.summary,
  ...(described.description && { description: described.description }),
  security: security[described.session],
  parameters: [...described.parameters, ...policyHeaders(route)],
  ...(described.body && { requestBody: { required: true, content: json(described.body) } }),
  responses: responses(route, described),
})

/** The same operation for HEAD, without bodies. */
const head = (get: ReturnType<typeof operation>): Json => ({
  ...get,
  operationId: `${get.operationId}-head`,
  summary: `${get.summary}, without a body`,
  responses: Object.fromEntries(
    Object.entries(get.responses).map(([status, { content: _, ...response }]) => [status, response]),
  ),
})

const paths = (): Json =>
  Object.fromEntries(
    keysOf(routeDescriptions).flatMap((name) => {
      const described: RouteDescription = routeDescriptions[name]
      const route: Route = routes[name]
      const [at] = methodsAndPaths(route)
      if (!at) return []
      const operations = methodsAndPaths(route).map(({ method }) => [
        method.toLowerCase(),
        method === 'HEAD' ? head(operation(name, route, described)) : operation(name, route, described),
      ])
      return [[at.path.slice(prefix.length), Object.fromEntries(operations)]]
    }),
  )

const components = {
  securitySchemes: {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'Takes precedence over the cookie.',
    },
    cookie: {
      type: 'apiKey',
      in: 'cookie',
      name: settings.COOKIE_NAME.default,
      description: 'The raw ID token. The setting COOKIE_NAME gives it another name.',
    },
  },
  headers: {
    Location: { description: 'The redirect URL.', required: true, schema: { type: 'string', format: 'uri' } },
    'WWW-Authenticate': {
      description: 'RFC 6750 section 3: `Bearer`, with `error="invalid_token"` when a token was presented.',
      required: true,
      schema: { type: 'string' },
    },
    'Set-Cookie': {
      description: 'A cookie that is set or cleared. May occur more than once.',
      schema: { type: 'string' },
    },
    ...commonHeaders,
  },
  schemas: {
    OrganisationName: { type: 'string', pattern: '^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}$' },
    Problem: {
      description: 'RFC 9457, for clients that accept application/problem+json.',
      ...object(
        {
          type: { type: 'string', pattern: '^urn:imsg-service:problem:[a-z_]+$' },
          title: { type: 'string' },
          status: { type: 'integer' },
          instance: { type: 'string', description: 'The id of the request.' },
          key: { type: 'string', enum: Object.values(answers).map(({ key }) => key) },
          code: { type: 'string', enum: Object.keys(catalogue) },
          login: {
            type: 'string',
            format: 'uri',
            description: 'Where to start the login again, if that can help.',
          },
        },
        ['login'],
      ),
    },
  },
}

/** The document. */
export const openApi = (): Json => ({
  openapi: '3.1.1',
  info: {
    title: packageJson.name,
    version: packageJson.version,
    description:
      'An identity gateway for browsers. A failure is answered in the form that the request asks for: the documented key as a JSON string, a problem document (RFC 9457) with a precise `code`, or a page.',
    license: { name: packageJson.license, identifier: packageJson.license },
  },
  servers: [{ url: prefix, description: 'At the origin of PUBLIC_URL' }],
  paths: paths(),
  components,
})

/** The document as text, as it is committed. */
export const openApiText = (): string => `${JSON.stringify(openApi(), null, 2)}\n`

/** Where the committed document is. */
export const openApiFile = new URL('../docs/openapi.json', import.meta.url)

if (import.meta.main) {
  writeFileSync(openApiFile, openApiText())
  console.log('written: docs/openapi.json')
}
