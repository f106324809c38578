import { type AnswerName, answers, type Code } from '../lib/problem.ts'
import { answerOn, type HttpRouteName, methodAndPath, prefix, type Route, routes } from '../lib/routes.ts'
import type { Options } from './smoke.ts'
import * as rules from './smoke-rules.ts'

/** THE checks of the smoke test: what is sent, and what has to be true of the answer. */

export type Sent = Readonly<{
  method?: 'GET' | 'POST' | 'OPTIONS'
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

/** A refusal of the contract, provoked without credentials. */
type Refusal = Readonly<{
  name: HttpRouteName
  when: string
  code: Code
  query?: string
  path?: string
  headers?: Readonly<Record<string, string>>
  body?: string
  /** Who reads it, where the request itself says so. */
  readers?: readonly rules.Reader[]
}>

const json = { 'content-type': 'application/json' }
const byScript = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
const programs: readonly rules.Reader[] = ['key', 'problem']
const foreign = 'https://smoke.invalid'

/** Every refusal that a stranger can provoke. `own`: what a page of the gateway itself sends. */
const refusals = (own: Readonly<Record<string, string>>): readonly Refusal[] => [
  { name: 'login', when: 'no organisation', code: 'bad_query', query: 'callback=/' },
  { name: 'login', when: 'an organisation twice', code: 'bad_query', query: 'org=a&org=b&callback=/' },
  {
    name: 'login',
    when: 'a return URL elsewhere',
    code: 'return_url_not_allowed',
    query: 'org=smoke&callback=//smoke.invalid',
  },
  {
    name: 'login',
    when: 'a script asks',
    code: 'not_a_navigation',
    query: 'org=smoke&callback=/',
    headers: byScript,
    readers: programs,
  },
  {
    name: 'org-login',
    when: 'a name that is none',
    code: 'bad_organisation',
    path: '/org/de%20mo/login',
    query: 'callback=/',
  },
  {
    name: 'org-login',
    when: 'a frame asks',
    code: 'not_a_navigation',
    path: '/org/smoke/login',
    query: 'callback=/',
    headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    readers: ['problem'],
  },
  { name: 'callback', when: 'no token', code: 'bad_query', query: 'serviceCallback=/' },
  { name: 'token-is-set', when: 'nobody', code: 'token_missing' },
  {
    name: 'token-is-set',
    when: 'a bearer that is no token',
    code: 'token_malformed',
    headers: { authorization: 'Bearer smoke' },
  },
  { name: 'units', when: 'nobody', code: 'token_missing' },
  {
    name: 'unit',
    when: 'nobody',
    code: 'token_missing',
    headers: { ...own, ...json },
    body: '{"unit":null}',
  },
  { name: 'unit', when: 'a body that is no JSON', code: 'bad_body', headers: { ...own, ...json }, body: '{' },
  { name: 'unit', when: 'a form', code: 'not_json', headers: own, body: 'unit=smoke' },
  {
    name: 'unit',
    when: 'another site',
    code: 'foreign_origin',
    headers: { ...json, origin: foreign },
    body: '{"unit":null}',
  },
  { name: 'logout', when: 'another site', code: 'foreign_origin', headers: { origin: foreign } },
  {
    name: 'logout',
    when: 'a return URL elsewhere',
    code: 'return_url_not_allowed',
    query: 'callback=//smoke.invalid',
    headers: own,
  },
]

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
  ...[get('/smoke'), get('/unit'), get('/units/')].map(
    (sent): Check => ({
      what: `${sent.path}: 404`,
      sent,
      problems: (reply) => rules.hasStatus(reply, 404),
    }),
  ),
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
    ...started(origin, org),
  ]
}
