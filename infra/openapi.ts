import { writeFileSync } from 'node:fs'
import { settings } from '../lib/config.ts'
import { english } from '../lib/english.ts'
import { answers, type Code, catalogue } from '../lib/problem.ts'
import { answerOn, door, type HttpRouteName, prefix, type Route, routes } from '../lib/routes.ts'
import packageJson from '../package.json' with { type: 'json' }

/** The rows of the route table and the catalogue of failures as an OpenAPI 3.1 document. */

type Json = Readonly<Record<string, unknown>>
type Media = Readonly<Record<string, { schema: Json }>>
type Answer = Readonly<{ description: string; headers?: Json; content?: Media }>

/** What a row does not say of its route: what goes in, and what comes out when nothing is refused. */
type Spoken = Readonly<{
  description?: string
  parameters: readonly Json[]
  body?: Json
  /** How a session is shown: it has to be, it may be, or it is not looked at. */
  session: 'needed' | 'looked at' | 'ignored'
  answers: Readonly<Record<number, Answer>>
  /** Refusals of this route may take cookies away, or count a round of the login. */
  refusalsSetCookies?: true
}>

const ref = (kind: string, name: string): Json => ({ $ref: `#/components/${kind}/${name}` })
const text = (value: string): Json => ({ type: 'string', enum: [value] })

/** An object with these members and no others; all are there unless named in `optional`. */
const object = (properties: Readonly<Record<string, Json>>, optional: readonly string[] = []): Json => ({
  type: 'object',
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
})

const json = (schema: Json): Media => ({ 'application/json': { schema } })
const cookieHeader = { 'Set-Cookie': ref('headers', 'Set-Cookie') }

const parameter = (name: string, description: string, schema: Json, required: boolean): Json => ({
  name,
  in: 'query',
  required,
  description,
  schema,
})

const address = { type: 'string', format: 'uri-reference', minLength: 1, maxLength: 2048 }
const organisation = ref('schemas', 'OrganisationName')
const whereTo = 'Where the browser goes afterwards: judged against the return domains of the organisation.'
const callback = parameter('callback', whereTo, address, true)

/** A redirect has no body. */
const redirected = (description: string): Answer => ({
  description,
  headers: { Location: ref('headers', 'Location'), ...cookieHeader },
})

const login = {
  session: 'ignored',
  answers: {
    302: redirected('To the login page of the identity service. A cookie ties the login to this browser.'),
  },
} as const

const unhealthy = object({
  inGrace: { type: 'boolean', enum: [false] },
  stateChecksum: text('No checksum string'),
})
const healthy = object({
  inGrace: { type: 'boolean' },
  stateChecksum: { type: 'string', pattern: '^[0-9a-f]{64}$' },
})

/** draft-inadarei-api-health-check-06: the documented members, a status and ages. */
const healthMedia = (documented: Json, status: readonly string[], optional: readonly string[]): Media => ({
  ...json(documented),
  'application/health+json': {
    schema: {
      allOf: [
        documented,
        object(
          {
            status: { type: 'string', enum: status },
            stateAge: {
              type: 'integer',
              description: 'Seconds since the state was last known to be current.',
            },
            gracePeriod: { type: 'integer', description: 'Seconds for which an old state may serve.' },
          },
          optional,
        ),
      ],
    },
  },
})

const unitName = { type: 'string', minLength: 1 }

/** Beside the table, because a row stays data; a route without an entry does not compile. */
const spoken = {
  login: {
    ...login,
    parameters: [parameter('org', 'The organisation to sign in at.', organisation, true), callback],
  },
  'org-login': {
    ...login,
    parameters: [
      {
        name: 'org',
        in: 'path',
        required: true,
        description: 'The organisation to sign in at.',
        schema: organisation,
      },
      callback,
    ],
  },
  callback: {
    description:
      'Where the identity service sends the browser. One that is reloaded goes on, while the session is good.',
    session: 'looked at',
    refusalsSetCookies: true,
    parameters: [
      parameter(
        'imid_token',
        'The ID token: a compact JWS.',
        { type: 'string', minLength: 1, maxLength: 8192 },
        true,
      ),
      parameter('serviceCallback', whereTo, address, true),
      parameter(
        'login',
        'Proof that this login was started in this browser. Made by /login; without it only a session that is good goes on.',
        { type: 'string', pattern: '^[A-Za-z0-9_-]{32}$' },
        false,
      ),
    ],
    answers: { 302: redirected('To the return URL, with the session cookie set.') },
  },
  'token-is-set': {
    session: 'needed',
    parameters: [],
    answers: { 200: { description: 'The session is good.', content: json(object({ msg: text('ok') })) } },
  },
  units: {
    session: 'needed',
    parameters: [],
    answers: {
      200: {
        description: 'The units of this person, sorted by name.',
        content: json(
          object({
            msg: text('Unit set'),
            units: {
              type: 'array',
              items: object({
                name: unitName,
                displayName: { type: 'string' },
                preferred: { type: 'boolean' },
              }),
            },
            preferred: {
              type: ['string', 'null'],
              description: 'The unit to start in, if one was chosen and is still held.',
            },
          }),
        ),
      },
    },
  },
  unit: {
    session: 'needed',
    parameters: [],
    body: object({
      unit: {
        type: ['string', 'null'],
        description: 'One of the units of this person; null forgets the choice.',
      },
    }),
    answers: {
      200: { description: 'The choice is stored.', content: json(object({ msg: text('Unit set') })) },
    },
  },
  logout: {
    description:
      'Succeeds for whoever asks. A return URL that is not allowed is answered 400, after the session was ended.',
    session: 'looked at',
    refusalsSetCookies: true,
    parameters: [parameter('callback', whereTo, address, false)],
    answers: {
      200: {
        description: 'The session is ended and its cookie taken away.',
        headers: cookieHeader,
        content: json(object({ msg: text('You are logged out') })),
      },
      303: redirected('The same, and on to the return URL.'),
    },
  },
  health: {
    session: 'ignored',
    parameters: [],
    answers: {
      200: {
        description: 'The state is fit to serve; in grace, it is the last good one.',
        content: healthMedia(healthy, ['pass', 'warn'], []),
      },
      500: {
        description: 'There is no state, or it is too old.',
        content: healthMedia(unhealthy, ['fail'], ['stateAge', 'gracePeriod']),
      },
    },
  },
} as const satisfies Record<HttpRouteName, Spoken>

const header = (name: string, description: string): Json => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
})

/** What the policy of a row reads from the headers of a request. */
const policyHeaders = (route: Route): Json[] => [
  ...('only' in route
    ? [
        header(
          'Sec-Fetch-Mode',
          'Anything but `navigate` is refused. A client that sends none counts as a navigation.',
        ),
        header(
          'Sec-Fetch-Dest',
          'Anything but `document` is refused. A client that sends none counts as a navigation.',
        ),
      ]
    : []),
  ...('post' in route
    ? [
        header('Origin', 'Has to be PUBLIC_URL or listed in CORS_ALLOWED_ORIGINS, unless a bearer is sent.'),
        header('Sec-Fetch-Site', 'Has to be `same-origin` where no Origin is sent and a cookie is.'),
      ]
    : []),
]

const security = {
  needed: [{ bearer: [] }, { cookie: [] }],
  'looked at': [{}, { bearer: [] }, { cookie: [] }],
  ignored: [],
}

/** One failure, three readers: the documented key, a problem document, a page. */
const refused = (route: Route, codes: readonly [Code, ...Code[]], setsCookies: boolean): Answer => {
  const [first] = codes
  const { status, key } = answers[answerOn(route, first)]
  return {
    description: codes.map((code) => `- \`${code}\`: ${english[code].title}`).join('\n'),
    ...(setsCookies && { headers: cookieHeader }),
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

/** The same status for two reasons: whoever reads it has to be ready for both bodies. */
const either = (one: Answer, other: Answer): Answer => {
  const media = { ...one.content }
  for (const [type, { schema }] of Object.entries(other.content ?? {})) {
    const before = media[type]
    media[type] = before ? { schema: { oneOf: [before.schema, schema] } } : { schema }
  }
  return { ...one, ...other, description: `${one.description}\n\n${other.description}`, content: media }
}

const refusals = (route: Route, { refusalsSetCookies }: Spoken): Map<number, Answer> => {
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

const responses = (route: Route, said: Spoken): Json => {
  const all = refusals(route, said)
  for (const [status, answer] of Object.entries(said.answers)) {
    const before = all.get(Number(status))
    all.set(Number(status), before ? either(answer, before) : answer)
  }
  return Object.fromEntries([...all].map(([status, answer]) => [String(status), answer]))
}

const operation = (name: string, route: Route, said: Spoken): Json => ({
  operationId: name,
  summary: route.summary,
  ...(said.description && { description: said.description }),
  security: security[said.session],
  parameters: [...said.parameters, ...policyHeaders(route)],
  ...(said.body && { requestBody: { required: true, content: json(said.body) } }),
  responses: responses(route, said),
})

const paths = (): Json =>
  Object.fromEntries(
    Object.entries<Spoken>(spoken).flatMap(([name, said]) => {
      const route: Route = routes[name as HttpRouteName]
      const at = door(route)
      if (!at) return []
      const { method, path } = at
      return [[path.slice(prefix.length), { [method.toLowerCase()]: operation(name, route, said) }]]
    }),
  )

const components = {
  securitySchemes: {
    bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Goes before the cookie.' },
    cookie: {
      type: 'apiKey',
      in: 'cookie',
      name: settings.COOKIE_NAME.standard,
      description: 'The raw ID token. The setting COOKIE_NAME gives it another name.',
    },
  },
  headers: {
    Location: { description: 'Where to go.', required: true, schema: { type: 'string', format: 'uri' } },
    'Set-Cookie': {
      description: 'A cookie that is set or taken away; may come more than once.',
      schema: { type: 'string' },
    },
  },
  schemas: {
    OrganisationName: { type: 'string', pattern: '^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}$' },
    Problem: {
      description: 'RFC 9457, for whoever accepts application/problem+json.',
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
            description: 'Where to start the login again, when that can help.',
          },
        },
        ['login'],
      ),
    },
  },
}

/** The document, from nothing but the tables. */
export const openApi = (): Json => ({
  openapi: '3.1.1',
  info: {
    title: packageJson.name,
    version: packageJson.version,
    description:
      'An identity gateway for browsers. A refusal is told in the form that the request asks for: the documented key as a JSON string, a problem document (RFC 9457) with a precise `code`, or a page.',
    license: { name: packageJson.license, identifier: packageJson.license },
  },
  servers: [{ url: prefix, description: 'At the origin of PUBLIC_URL' }],
  paths: paths(),
  components,
})

/** The document as it is committed. */
export const openApiText = (): string => `${JSON.stringify(openApi(), null, 2)}\n`

/** Where the committed document is. */
export const openApiFile = new URL('../docs/openapi.json', import.meta.url)

if (import.meta.main) writeFileSync(openApiFile, openApiText())
