import type { HttpRouteName } from '../lib/routes.ts'

/** What the route table does not say of its routes, in the words of OpenAPI: what goes in, and what comes out when nothing is refused. */

/** A piece of the document. */
export type Json = Readonly<Record<string, unknown>>
/** The forms of a body, by media type. */
export type Media = Readonly<Record<string, { schema: Json }>>
/** What comes out with one status. */
export type Answer = Readonly<{ description: string; headers?: Json; content?: Media }>

/** One route, as far as its row is silent. */
export type Spoken = Readonly<{
  description?: string
  parameters: readonly Json[]
  body?: Json
  /** How a session is shown: it has to be, it may be, or it is not looked at. */
  session: 'needed' | 'looked at' | 'ignored'
  answers: Readonly<Record<number, Answer>>
  /** Refusals of this route may take cookies away, or count a round of the login. */
  refusalsSetCookies?: true
}>

/** A reference to a named component of the document. */
export const ref = (kind: string, name: string): Json => ({ $ref: `#/components/${kind}/${name}` })
/** This text and no other. */
export const text = (value: string): Json => ({ type: 'string', enum: [value] })

/** An object with these members and no others; all are there unless named in `optional`. */
export const object = (
  properties: Readonly<Record<string, Json>>,
  optional: readonly string[] = [],
): Json => ({
  type: 'object',
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
})

/** A body of JSON. */
export const json = (schema: Json): Media => ({ 'application/json': { schema } })
/** Of an answer that sets cookies, or takes them away. */
export const cookieHeader = { 'Set-Cookie': ref('headers', 'Set-Cookie') }

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

/** THE table of it: beside the rows, because a row stays data; a route without an entry does not compile. */
export const spoken = {
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
      'Succeeds for whoever asks. The form of a page is answered with a page. A return URL that is not allowed is answered 400, after the session was ended.',
    session: 'looked at',
    refusalsSetCookies: true,
    parameters: [parameter('callback', whereTo, address, false)],
    answers: {
      200: {
        description: 'The session is ended and its cookie taken away.',
        headers: cookieHeader,
        content: {
          ...json(object({ msg: text('You are logged out') })),
          'text/html': { schema: { type: 'string' } },
        },
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
