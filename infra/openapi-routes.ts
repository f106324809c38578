import { type HttpRouteName, routes } from '../lib/routes.ts'
import { identityHeaders, loginHeader } from './openapi-headers.ts'
import {
  type Answer,
  cookieHeader,
  type Json,
  json,
  type Media,
  object,
  ref,
  requestHeader,
  text,
} from './openapi-schema.ts'

/**
 * The parts of the OpenAPI document that are not in the route table: parameters, bodies, successful answers.
 */

/** The description of one route. */
export type RouteDescription = Readonly<{
  description?: string
  parameters: readonly Json[]
  body?: Json
  /** Whether the route needs a session, reads one if there is one, or ignores it. */
  session: 'needed' | 'optional' | 'ignored'
  answers: Readonly<Record<number, Answer>>
  /** Whether failures of this route can clear cookies or count a finished login. */
  refusalsSetCookies?: true
}>

const parameter = (name: string, description: string, schema: Json, required: boolean): Json => ({
  name,
  in: 'query',
  required,
  description,
  schema,
})

const address = { type: 'string', format: 'uri-reference', minLength: 1, maxLength: 2048 }
const organisation = ref('schemas', 'OrganisationName')
const whereTo = 'Where the browser goes afterwards. Checked against the return domains of the organisation.'
const callback = parameter('callback', whereTo, address, true)

/** A redirect has no body. */
const redirected = (description: string, more: Json = {}): Answer => ({
  description,
  headers: { Location: ref('headers', 'Location'), ...cookieHeader, ...more },
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
              description: 'Seconds since the state was last confirmed.',
            },
            gracePeriod: { type: 'integer', description: 'Seconds for which an old state can be used.' },
          },
          optional,
        ),
      ],
    },
  },
})

const unitName = { type: 'string', minLength: 1 }

/** One entry for each route with a path. A missing entry does not compile. */
export const routeDescriptions = {
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
      'Where the identity service sends the browser, with `imid_token` or `error`. A reload redirects again while the same person is signed in.',
    session: 'optional',
    refusalsSetCookies: true,
    parameters: [
      parameter(
        'imid_token',
        'The ID token: a compact JWS.',
        { type: 'string', minLength: 1, maxLength: 8192 },
        false,
      ),
      parameter('error', 'Why there is no token: RFC 6749 section 4.1.2.1.', { type: 'string' }, false),
      parameter('serviceCallback', whereTo, address, true),
      parameter(
        'login',
        'Proof that this login was started in this browser, made by /login. Without it, only a valid session continues.',
        { type: 'string', pattern: '^[A-Za-z0-9_-]{32}$' },
        false,
      ),
    ],
    answers: {
      302: redirected('To the return URL, with the session cookie set.'),
      303: redirected('A refused navigation, to /login-failed, so that no token stays in the address bar.'),
    },
  },
  'login-failed': {
    description:
      'Where a refused callback sends the browser, so that no token stays in its address bar. Answers with the status of the code.',
    session: 'ignored',
    parameters: [
      parameter(
        'code',
        'Why the callback was refused.',
        { type: 'string', enum: [...routes['login-failed'].problems] },
        true,
      ),
      parameter(
        'id',
        'The request id of the refused callback.',
        { type: 'string', pattern: '^[A-Za-z0-9_=-]{8,40}$' },
        true,
      ),
      parameter('org', 'The organisation to sign in at again.', organisation, false),
      parameter('callback', whereTo, address, false),
    ],
    answers: {},
  },
  authorize: {
    description: 'For reverse proxies and the library in `service/`. All parts of the rule have to hold.',
    session: 'needed',
    parameters: [
      parameter(
        'org',
        'Organisation that the person must belong to; `*` for any.',
        { type: 'string', minLength: 1 },
        true,
      ),
      parameter('unit', 'Unit that the person must belong to.', unitName, false),
      parameter(
        'permission',
        'Permission that the person must have, in the organisation or in the unit of the rule.',
        { type: 'string', pattern: '^[^:]+:[^:]+$' },
        false,
      ),
      parameter('sub', 'Subject that the person must be.', { type: 'string', minLength: 1 }, false),
      parameter('redirect', '`1`: redirect a navigation to the login instead of 401.', text('1'), false),
      requestHeader(
        'X-Original-URL',
        'The URL that the browser requested. The login returns there, if that is allowed.',
      ),
      requestHeader(
        'Sec-Imid-Proxy',
        '`1` asks for `x-imid-token` and `x-imid-cookie`. Scripts cannot send it.',
      ),
    ],
    answers: {
      200: { description: 'Signed in, and the rule holds. No body.', headers: identityHeaders },
      302: redirected('To the login, with `redirect=1`.', loginHeader),
      401: { description: 'Not signed in.', headers: loginHeader },
    },
  },
  'token-is-set': {
    session: 'needed',
    parameters: [],
    answers: { 200: { description: 'The session is valid.', content: json(object({ msg: text('ok') })) } },
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
              description: 'The preferred unit, if one was chosen and the person still belongs to it.',
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
        description: 'One of the units of this person; null clears the choice.',
      },
    }),
    answers: {
      200: { description: 'The choice is stored.', content: json(object({ msg: text('Unit set') })) },
    },
  },
  logout: {
    description:
      'Always ends the session. A form gets a page. A return URL that is not allowed is answered 400, after the session has ended.',
    session: 'optional',
    refusalsSetCookies: true,
    parameters: [parameter('callback', whereTo, address, false)],
    answers: {
      200: {
        description: 'The session has ended and its cookie is cleared.',
        headers: cookieHeader,
        content: {
          ...json(
            object(
              {
                msg: text('You are logged out'),
                logoutUrl: {
                  type: 'string',
                  format: 'uri',
                  description:
                    'Where to send the person to sign out at the identity service too, when IMAS_LOGOUT_PATH is set.',
                },
              },
              ['logoutUrl'],
            ),
          ),
          'text/html': { schema: { type: 'string' } },
        },
      },
      303: redirected(
        'The same, with a redirect to the return URL or to the logout of the identity service.',
      ),
    },
  },
  health: {
    session: 'ignored',
    parameters: [],
    answers: {
      200: {
        description: 'The state can be used. In grace, it is the last good one.',
        content: healthMedia(healthy, ['pass', 'warn'], []),
      },
      500: {
        description: 'There is no state, or it is too old.',
        content: healthMedia(unhealthy, ['fail'], ['stateAge', 'gracePeriod']),
      },
    },
  },
} as const satisfies Record<HttpRouteName, RouteDescription>
