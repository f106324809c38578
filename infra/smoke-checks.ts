import { type AnswerName, answers } from '../lib/problem.ts'
import { answerOn, methodAndPath, prefix, type Route, routes } from '../lib/routes.ts'
import type { Options } from './smoke.ts'
import { foreign, type Refusal, refusals } from './smoke-refusals.ts'
import * as rules from './smoke-rules.ts'

/** THE checks of the smoke test: what is sent, and what has to be true of the answer. */

export type Sent = Readonly<{
  method?: 'GET' | 'HEAD' | 'POST' | 'OPTIONS'
  path: string
  headers?: Readonly<Record<string, string>>
  body?: string
}>

export type Reply = Readonly<{
  status: number
  overTls: boolean
  header(name: string): string | undefined
  cookies: readonly string[]
  body: string
}>

export type Check = Readonly<{ what: string; sent: Sent; problems: (reply: Reply) => string[] }>

const refused = (refusal: Refusal, reader: rules.Reader): Check => {
  const { name, when, code, headers = {}, body } = refusal
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
      headers: { ...rules.readers[reader].headers, ...headers },
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

/** What a stranger is served. */
const served = (origin: string, own: Readonly<Record<string, string>>): readonly Check[] => [
  {
    what: 'health: 200 with the two documented members, never cached',
    sent: get('/health'),
    problems: (reply) => [
      ...rules.everywhere(reply),
      ...rules.hasStatus(reply, 200, 'there is no state: has refresh-state run, are its credentials in?'),
      ...rules.isHealth(reply),
      ...rules.setsNothing(reply),
    ],
  },
  {
    what: 'health, for a monitor that asks by HEAD: the same without a body',
    sent: { ...get('/health'), method: 'HEAD' },
    problems: (reply) => [
      ...rules.everywhere(reply),
      ...rules.hasStatus(reply, 200),
      ...(reply.body === '' ? [] : ['HEAD has a body']),
    ],
  },
  {
    what: 'health, for a program that asks for more: status and ages',
    sent: get('/health', { accept: 'application/health+json' }),
    problems: (reply) => [...rules.everywhere(reply), ...rules.isExtendedHealth(reply)],
  },
  {
    what: 'callback, a login that nobody began: refused, without a session',
    sent: get('/callback?imid_token=smoke&serviceCallback=/'),
    problems: (reply) => [
      ...rules.everywhere(reply),
      // 401 where LOGIN_BINDING is off.
      ...rules.hasStatus(reply, [401, 403]),
      ...rules.setsNothing(reply),
    ],
  },
  {
    what: 'callback, the same by a browser: on to an address without the token',
    sent: get('/callback?imid_token=smoke&serviceCallback=/', rules.readers.page.headers),
    problems: (reply) => [
      ...rules.everywhere(reply),
      ...rules.hasStatus(reply, 303),
      ...rules.leavesToken(reply, `${origin}${prefix}/login-failed?code=`),
      ...rules.setsNothing(reply),
    ],
  },
  {
    what: 'logout, nobody: 200, and the cookie is taken away',
    sent: { method: 'POST', path: `${prefix}/logout`, headers: own },
    problems: (reply) => [
      ...rules.everywhere(reply),
      ...rules.hasStatus(reply, 200),
      ...rules.isJson(reply, { msg: 'You are logged out' }),
      ...rules.clearsCookies(reply),
    ],
  },
  {
    what: 'logout, nobody, with a return URL: 303 to it',
    sent: { method: 'POST', path: `${prefix}/logout?callback=/`, headers: own },
    problems: (reply) => [
      ...rules.everywhere(reply),
      ...rules.hasStatus(reply, 303),
      ...rules.leadsTo(reply, `${origin}/`),
    ],
  },
]

const crossOrigin = (cors: string | undefined): readonly Check[] => [
  {
    what: 'CORS, a preflight of an origin that is not listed: no permission',
    sent: {
      method: 'OPTIONS',
      path: `${prefix}/units`,
      headers: { origin: foreign, 'access-control-request-method': 'GET' },
    },
    problems: (reply) => [...rules.isOurs(reply), ...rules.allowsOrigin(reply, undefined)],
  },
  {
    what: 'CORS, a request of an origin that is not listed: no permission to read',
    sent: get('/token-is-set', { origin: foreign }),
    problems: (reply) => [...rules.everywhere(reply), ...rules.allowsOrigin(reply, undefined)],
  },
  ...(cors === undefined
    ? []
    : [
        {
          what: 'CORS, a request of a listed origin: its exact origin, with credentials',
          sent: get('/token-is-set', { origin: cors }),
          problems: (reply: Reply) => [...rules.everywhere(reply), ...rules.allowsOrigin(reply, cors)],
        },
      ]),
]

/** For a proxy in front of a service: contract, section 12. */
const guarded = (origin: string): readonly Check[] => [
  {
    what: 'authorize, a page for nobody: 302 to the login, and nothing about a person',
    sent: get('/authorize?org=smoke&redirect=1', rules.readers.page.headers),
    problems: (reply) => [
      ...rules.everywhere(reply),
      ...rules.hasStatus(reply, 302),
      ...rules.leadsTo(reply, `${origin}${prefix}/org/smoke/login?callback=%2F`),
      ...rules.setsNothing(reply),
      ...(reply.header('x-imid-sub') === undefined ? [] : ['a stranger is told about a person']),
    ],
  },
]

const started = (origin: string, org: string | undefined): readonly Check[] => {
  const path = `/org/${org === undefined ? 'smoke' : encodeURIComponent(org)}/login`
  const begun = (reply: Reply) => [
    ...rules.hasStatus(reply, 302, 'is this organisation known?'),
    ...rules.startsLogin(reply, origin, `${origin}${prefix}/units`),
  ]
  return [
    {
      what:
        org === undefined ? 'org-login, an organisation that may not exist' : 'org-login: a login is begun',
      sent: get(`${path}?callback=${prefix}/units`, rules.readers.page.headers),
      problems: (reply) => [
        ...rules.everywhere(reply),
        // Without an Admin API no organisation is unknown.
        ...(org === undefined && reply.status === 403 ? rules.setsNothing(reply) : begun(reply)),
      ],
    },
  ]
}

/** Everything that is asked of the deployment at this origin. */
export const checks = (origin: string, { org, cors }: Options): readonly Check[] => {
  const own = { origin }
  return [
    ...served(origin, own),
    ...refusals(own).flatMap((refusal) =>
      (refusal.readers ?? rules.allReaders).map((reader) => refused(refusal, reader)),
    ),
    ...crossOrigin(cors),
    ...guarded(origin),
    ...started(origin, org),
  ]
}
