import { type AnswerName, answers } from '../lib/problem.ts'
import { answerOn, methodAndPath, prefix, type Route, routes } from '../lib/routes.ts'
import { foreign, type Refusal, refusals } from './smoke-refusals.ts'
import type { Reply } from './smoke-rules.ts'
import * as rules from './smoke-rules.ts'

/** The checks of the smoke test: a request each, and the rules for its response. */

/** Options for a deployment. */
export type Options = Readonly<{
  /** An organisation that can sign in: its login is started too. */
  org?: string | undefined
  /** An origin of CORS_ALLOWED_ORIGINS. */
  cors?: string | undefined
}>

/** The request of a check. */
export type Sent = Readonly<{
  method?: 'GET' | 'HEAD' | 'POST' | 'OPTIONS'
  path: string
  headers?: Readonly<Record<string, string>>
  body?: string
}>

/** One check: a request, and the problems of its response. */
export type Check = Readonly<{ what: string; sent: Sent; problems: (reply: Reply) => string[] }>

const refused = (refusal: Refusal, reader: rules.Reader, origin: string): Check => {
  const { name, when, code, sameOrigin, headers = {}, body } = refusal
  const route: Route = routes[name]
  const { method = 'GET', path = '' } = methodAndPath(route) ?? {}
  const answer: AnswerName = answerOn(route, code)
  const { status } = answers[answer]
  const query = refusal.query === undefined ? '' : `?${refusal.query}`
  return {
    what: `${name}, ${when}: ${rules.readers[reader].what} of ${code}`,
    sent: {
      method,
      path: `${refusal.path === undefined ? path : prefix + refusal.path}${query}`,
      headers: { ...rules.readers[reader].headers, ...(sameOrigin && { origin }), ...headers },
      ...(body !== undefined && { body }),
    },
    problems: (reply) => [
      ...rules.everywhere(reply),
      ...rules.hasStatus(reply, status),
      ...rules.reads[reader](reply, answer, code),
      ...(status === 401 ? rules.challenges(reply, code) : []),
      ...(name === 'logout' ? [] : rules.setsNothing(reply)),
    ],
  }
}

const get = (path: string, headers: Sent['headers'] = {}): Sent => ({ path: prefix + path, headers })

const healthChecks: readonly Check[] = [
  {
    what: 'health: 200 with the two documented members, never cached',
    sent: get('/health'),
    problems: (reply) => [
      ...rules.everywhere(reply),
      ...rules.hasStatus(
        reply,
        200,
        'there is no state: has refresh-state run, and does it have its credentials?',
      ),
      ...rules.isHealth(reply),
      ...rules.setsNothing(reply),
    ],
  },
  {
    what: 'health, HEAD: the same without a body',
    sent: { ...get('/health'), method: 'HEAD' },
    problems: (reply) => [
      ...rules.everywhere(reply),
      ...rules.hasStatus(reply, 200),
      ...(reply.body === '' ? [] : ['HEAD has a body']),
    ],
  },
  {
    what: 'health, as application/health+json: status and ages',
    sent: get('/health', { accept: 'application/health+json' }),
    problems: (reply) => [...rules.everywhere(reply), ...rules.isExtendedHealth(reply)],
  },
]

const callbackChecks = (origin: string): readonly Check[] => [
  {
    what: 'callback, a login that was not started here: refused, without a session',
    sent: get('/callback?imid_token=smoke&serviceCallback=/'),
    problems: (reply) => [
      ...rules.everywhere(reply),
      // 401 where LOGIN_BINDING is off.
      ...rules.hasStatus(reply, [401, 403]),
      ...rules.setsNothing(reply),
    ],
  },
  {
    what: 'callback, the same from a browser: redirect to a URL without the token',
    sent: get('/callback?imid_token=smoke&serviceCallback=/', rules.readers.page.headers),
    problems: (reply) => [
      ...rules.everywhere(reply),
      ...rules.hasStatus(reply, 303),
      ...rules.leavesToken(reply, `${origin}${prefix}/login-failed?code=`),
      ...rules.setsNothing(reply),
    ],
  },
]

const logoutChecks = (origin: string): readonly Check[] => [
  {
    what: 'logout, no session: 200, and the cookie is cleared',
    sent: { method: 'POST', path: `${prefix}/logout`, headers: { origin } },
    problems: (reply) => [
      ...rules.everywhere(reply),
      ...rules.hasStatus(reply, 200),
      ...rules.isJson(reply, { msg: 'You are logged out' }),
      ...rules.clearsCookies(reply),
    ],
  },
  {
    what: 'logout, no session, with a return URL: 303 to it',
    sent: { method: 'POST', path: `${prefix}/logout?callback=/`, headers: { origin } },
    problems: (reply) => [
      ...rules.everywhere(reply),
      ...rules.hasStatus(reply, 303),
      ...rules.leadsTo(reply, `${origin}/`),
    ],
  },
]

const crossOrigin = (cors: string | undefined): readonly Check[] => [
  {
    what: 'CORS, a preflight from an unlisted origin: not allowed',
    sent: {
      method: 'OPTIONS',
      path: `${prefix}/units`,
      headers: { origin: foreign, 'access-control-request-method': 'GET' },
    },
    problems: (reply) => [...rules.isOurs(reply), ...rules.allowsOrigin(reply, undefined)],
  },
  {
    what: 'CORS, a request from an unlisted origin: may not be read',
    sent: get('/token-is-set', { origin: foreign }),
    problems: (reply) => [...rules.everywhere(reply), ...rules.allowsOrigin(reply, undefined)],
  },
  ...(cors === undefined
    ? []
    : [
        {
          what: 'CORS, a request from a listed origin: its exact origin, with credentials',
          sent: get('/token-is-set', { origin: cors }),
          problems: (reply: Reply) => [...rules.everywhere(reply), ...rules.allowsOrigin(reply, cors)],
        },
      ]),
]

/** The request of a proxy in front of a service: contract, section 12. */
const authorizeChecks = (origin: string): readonly Check[] => [
  {
    what: 'authorize, a page without a session: 302 to the login, and nothing about a person',
    sent: get('/authorize?org=smoke&redirect=1', rules.readers.page.headers),
    problems: (reply) => [
      ...rules.everywhere(reply),
      ...rules.hasStatus(reply, 302),
      ...rules.leadsTo(reply, `${origin}${prefix}/org/smoke/login?callback=%2F`),
      ...rules.setsNothing(reply),
      ...(reply.header('x-imid-sub') === undefined ? [] : ['the response is about a person']),
    ],
  },
]

const loginChecks = (origin: string, org: string | undefined): readonly Check[] => {
  const path = `/org/${org === undefined ? 'smoke' : encodeURIComponent(org)}/login`
  const begun = (reply: Reply) => [
    ...rules.hasStatus(reply, 302, 'is this organisation known?'),
    ...rules.startsLogin(reply, origin, `${origin}${prefix}/units`),
  ]
  return [
    {
      what: org === undefined ? 'org-login, an organisation that may not exist' : 'org-login: a login starts',
      sent: get(`${path}?callback=${prefix}/units`, rules.readers.page.headers),
      problems: (reply) => [
        ...rules.everywhere(reply),
        // Without a source of organisations, none is unknown.
        ...(org === undefined && reply.status === 403 ? rules.setsNothing(reply) : begun(reply)),
      ],
    },
  ]
}

/** All checks of the deployment at this origin. */
export const checks = (origin: string, { org, cors }: Options): readonly Check[] => [
  ...healthChecks,
  ...callbackChecks(origin),
  ...logoutChecks(origin),
  ...refusals.flatMap((refusal) =>
    (refusal.readers ?? rules.allReaders).map((reader) => refused(refusal, reader, origin)),
  ),
  ...crossOrigin(cors),
  ...authorizeChecks(origin),
  ...loginChecks(origin, org),
]
