import { type HttpRouteName, routes } from '../lib/routes.ts'

/**
 * What the route table does not say of its routes, in the words of OpenAPI: what goes in, and what comes out
 * when nothing is refused.
 */

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
const redirected = (description: string, more: Json = {}): Answer => ({
  description,
  headers: { Location: ref('headers', 'Location'), ...cookieHeader, ...more },
})

/** The closed list of `/authorize`: all of them on every 200. */
const identityHeader = (description: string): Json => ({
  description,
  required: true,
  schema: { type: 'string' },
})
const identityHeaders = {
  'x-imid-sub': identityHeader(
    'The subject. Like all of these percent-encoded UTF-8, and empty where there is nothing.',
  ),
  'x-imid-org': identityHeader('The organisation.'),
  'x-imid-unit': identityHeader('The preferred unit.'),
  'x-imid-units': identityHeader(
    'The units, joined by commas. Cut off at 2,048 characters, with a last item `...`.',
  ),
  'x-imid-permissions': identityHeader(
    'Permissions, joined by commas and cut off like the units. With `unit` in the rule, those that hold in that unit; without, `service:permission` for the organisation and `unit/service:permission` for one unit.',
  ),
  'x-imid-name': identityHeader('Given and family name.'),
  'x-imid-email': identityHeader('E-mail address.'),
  'x-imid-req-id': identityHeader('The id of this request in the log of the gateway.'),
  'x-imid-token': identityHeader(
    'The token of the person, only for `Sec-Imid-Proxy: 1` and with INCLUDE_IMID_TOKEN_IN_REQUEST.',
  ),
  'x-imid-cookie': identityHeader(
    'The `Cookie` header without the cookies of the gateway, not encoded, only for `Sec-Imid-Proxy: 1`.',
  ),
}
const loginHeader = {
  'x-imid-login': {
    description: 'Where to sign in: for a navigation, when the rule names one organisation.',
    schema: { type: 'string', format: 'uri' },
  },
}
const fromProxy = (name: string, description: string): Json => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
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
      'Where the identity service sends the browser, with `imid_token` or `error`. One that is reloaded goes on while the same person is signed in.',
    session: 'looked at',
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
        'Proof that this login was started in this browser. Made by /login; without it only a session that is good goes on.',
        { type: 'string', pattern: '^[A-Za-z0-9_-]{32}$' },
        false,
      ),
    ],
    answers: {
      302: redirected('To the return URL, with the session cookie set.'),
      303: redirected('A refused navigation, to /login-failed: no token stays in the address bar.'),
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
      parameter('org', 'The organisation to sign in at once more.', organisation, false),
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
        'Organisation the person has to be of; `*` for any.',
        { type: 'string', minLength: 1 },
        true,
      ),
      parameter('unit', 'Unit the person has to belong to.', unitName, false),
      parameter(
        'permission',
        'Permission that the organisation, or the unit of the rule, has to grant.',
        { type: 'string', pattern: '^[^:]+:[^:]+$' },
        false,
      ),
      parameter('sub', 'Subject the person has to be.', { type: 'string', minLength: 1 }, false),
      parameter('redirect', '`1`: redirect a navigation to the login instead of 401.', text('1'), false),
      fromProxy(
        'X-Original-URL',
        'The page that the browser asked for; the login returns there when that is allowed.',
      ),
      fromProxy('Sec-Imid-Proxy', '`1` asks for `x-imid-token` and `x-imid-cookie`. No script can send it.'),
    ],
    answers: {
      200: { description: 'Signed in, and the rule is met. No body.', headers: identityHeaders },
      302: redirected('To the login, with `redirect=1`.', loginHeader),
      401: { description: 'Not signed in.', headers: loginHeader },
    },
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
      303: redirected('The same, and on to the return URL, or first to the logout of the identity service.'),
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
