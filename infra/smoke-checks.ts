import { type AnswerName, answers } from '../lib/problem.ts'
import { answerOn, methodAndPath, prefix, type Route, routes } from '../lib/routes.ts'
import { foreign, type Refusal, refusals } from './smoke-refusals.ts'
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
export type Check = Readonly<{ what: string; sent: Sent; problems: rules.Rule }>

const get = (path: string, headers: Sent['headers'] = {}): Sent => ({ path: prefix + path, headers })

const unserved = (what: string, sent: Sent, ...all: rules.Rule[]): Check => ({
  what,
  sent,
  problems: (reply) => all.flatMap((rule) => rule(reply)),
})

/** A check of a response that comes from a function. */
const check = (what: string, sent: Sent, ...all: rules.Rule[]): Check =>
  unserved(what, sent, rules.everywhere, ...all)

const refused = (refusal: Refusal, reader: rules.Reader, origin: string): Check => {
  const { name, when, code, sameOrigin, headers = {}, body } = refusal
  const route: Route = routes[name]
  const { method = 'GET', path = '' } = methodAndPath(route) ?? {}
  const answer: AnswerName = answerOn(route, code)
  const { status } = answers[answer]
  const query = refusal.query === undefined ? '' : `?${refusal.query}`
  const sent = {
    method,
    path: `${refusal.path === undefined ? path : prefix + refusal.path}${query}`,
    headers: { ...rules.readers[reader].headers, ...(sameOrigin && { origin }), ...headers },
    ...(body !== undefined && { body }),
  }
  return check(
    `${name}, ${when}: ${rules.readers[reader].what} of ${code}`,
    sent,
    rules.hasStatus(status),
    rules.reads[reader](answer, code),
    ...(status === 401 ? [rules.challenges(code)] : []),
    ...(name === 'logout' ? [] : [rules.setsNothing]),
  )
}

const noState = 'there is no state: has refresh-state run, and does it have its credentials?'

const healthChecks: readonly Check[] = [
  check(
    'health: 200 with the two documented members, never cached',
    get('/health'),
    rules.hasStatus(200, noState),
    rules.isHealth,
    rules.setsNothing,
  ),
  check(
    'health, HEAD: the same without a body',
    { ...get('/health'), method: 'HEAD' },
    rules.hasStatus(200),
    ({ body }) => (body === '' ? [] : ['HEAD has a body']),
  ),
  check(
    'health, as application/health+json: status and ages',
    get('/health', { accept: 'application/health+json' }),
    rules.isExtendedHealth,
  ),
]

const callbackChecks = (origin: string): readonly Check[] => [
  check(
    'callback, a login that was not started here: refused, without a session',
    get('/callback?imid_token=smoke&serviceCallback=/'),
    // 401 where LOGIN_BINDING is off.
    rules.hasStatus([401, 403]),
    rules.setsNothing,
  ),
  check(
    'callback, the same from a browser: redirect to a URL without the token',
    get('/callback?imid_token=smoke&serviceCallback=/', rules.readers.page.headers),
    rules.hasStatus(303),
    rules.leavesToken(`${origin}${prefix}/login-failed?code=`),
    rules.setsNothing,
  ),
]

const logoutChecks = (origin: string): readonly Check[] => [
  check(
    'logout, no session: 200, and the cookie is cleared',
    { method: 'POST', path: `${prefix}/logout`, headers: { origin } },
    rules.hasStatus(200),
    rules.isJson({ msg: 'You are logged out' }),
    rules.clearsCookies,
  ),
  check(
    'logout, no session, with a return URL: 303 to it',
    { method: 'POST', path: `${prefix}/logout?callback=/`, headers: { origin } },
    rules.hasStatus(303),
    rules.leadsTo(`${origin}/`),
  ),
]

const crossOrigin = (cors: string | undefined): readonly Check[] => [
  unserved(
    'CORS, a preflight from an unlisted origin: not allowed',
    {
      method: 'OPTIONS',
      path: `${prefix}/units`,
      headers: { origin: foreign, 'access-control-request-method': 'GET' },
    },
    rules.isOurs,
    rules.allowsOrigin(undefined),
  ),
  check(
    'CORS, a request from an unlisted origin: may not be read',
    get('/token-is-set', { origin: foreign }),
    rules.allowsOrigin(undefined),
  ),
  ...(cors === undefined
    ? []
    : [
        check(
          'CORS, a request from a listed origin: its exact origin, with credentials',
          get('/token-is-set', { origin: cors }),
          rules.allowsOrigin(cors),
        ),
      ]),
]

/** The request of a proxy in front of a service. */
const authorizeChecks = (origin: string): readonly Check[] => [
  check(
    'authorize, a page without a session: 302 to the login, and nothing about a person',
    get('/authorize?org=smoke&redirect=1', rules.readers.page.headers),
    rules.hasStatus(302),
    rules.leadsTo(`${origin}${prefix}/org/smoke/login?callback=%2F`),
    rules.setsNothing,
    ({ header }) => (header('x-imid-sub') === undefined ? [] : ['the response is about a person']),
  ),
]

const loginChecks = (origin: string, org: string | undefined): readonly Check[] => {
  const path = `/org/${org === undefined ? 'smoke' : encodeURIComponent(org)}/login`
  const hasBegun: rules.Rule = (reply) => [
    ...rules.hasStatus(302, 'is this organisation known?')(reply),
    ...rules.startsLogin(origin, `${origin}${prefix}/units`)(reply),
  ]
  return [
    check(
      org === undefined ? 'org-login, an organisation that may not exist' : 'org-login: a login starts',
      get(`${path}?callback=${prefix}/units`, rules.readers.page.headers),
      // Without a source of organisations, none is unknown.
      (reply) => (org === undefined && reply.status === 403 ? rules.setsNothing(reply) : hasBegun(reply)),
    ),
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
