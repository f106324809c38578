import { prefix } from './prefix.ts'
import { type AnswerName, type Code, row } from './problem.ts'

/** The route table. Functions, API routes, grants, alarms and documents are derived from it. */

export { prefix }

type Common = {
  summary: string
  /** `yes`: the route verifies tokens, so it may invoke refresh-state for an unknown key. */
  token: 'yes' | 'no'
  /** The kind of item that the route may write. Its grant allows only these keys. */
  writes: 'nothing' | 'SUBJECT' | 'SESSION' | 'everything'
  problems: readonly Code[]
}

type Http = Common & {
  /** Serves only top-level navigations: no prefetch, frame or fetch. */
  only?: 'navigations'
  /** The answer without a session, if not 401. */
  signedOut?: 'forbidden'
  /** Redirects refused navigations to `/login-failed`, so no token stays in the URL. */
  refusedAt?: 'login-failed'
  /** Logs a success at `debug` instead of `info`. For routes that every open editor polls. */
  successLevel?: 'debug'
}

/** A row of the table. */
export type Route =
  | (Http & {
      get: `/${string}`
      csrf: `none: ${string}`
      /** Whether HEAD is served too. */
      head?: 'answered like GET, without a body'
    })
  | (Http & {
      post: `/${string}`
      csrf: 'same origin'
      body: 'json' | 'none'
      /** Checks the form of the request after the handler, so that a malformed request still signs out. */
      form?: 'checked last'
    })
  | (Http & { unmatched: true; csrf: `none: ${string}` })
  | (Common & { every: '1 minute' })

const stateUnavailable = ['state_missing', 'state_too_old', 'table_unavailable'] as const
const tokenRefused = [
  'token_malformed',
  'token_key_unknown',
  'token_signature',
  'token_claims',
  'token_purpose',
  'token_expired',
  'token_from_future',
  'token_lives_too_long',
  'token_issuer',
  'token_audience',
  'token_revoked',
  'subject_signed_out',
  'organisation_signed_out',
  'subject_blocked',
  'token_organisation',
] as const
const notSignedIn = [
  'bad_cookies',
  'token_missing',
  'token_duplicate',
  'session_of_another_person',
  ...tokenRefused,
  'token_key_pending',
  ...stateUnavailable,
] as const
const callbackRefused = [
  'bad_query',
  'bad_cookies',
  'return_url_not_allowed',
  'not_a_navigation',
  'login_not_from_this_browser',
  'login_other_organisation',
  'login_cancelled',
  'login_refused',
  'token_too_large',
  'token_too_old',
  ...tokenRefused,
] as const
const startRefused = [
  'bad_query',
  'bad_cookies',
  'bad_organisation',
  'return_url_not_allowed',
  'not_a_navigation',
  'organisation_unknown',
  'organisation_blocked',
  'login_loop',
  ...stateUnavailable,
] as const

/** All routes. The name is also the folder, the construct id, the OpenAPI operation and the log field. */
export const routes = {
  login: {
    get: '/login',
    csrf: 'none: it starts a login and changes nothing',
    only: 'navigations',
    token: 'no',
    writes: 'nothing',
    summary: 'Start a login at an organisation',
    problems: startRefused,
  },
  'org-login': {
    get: '/org/{org}/login',
    csrf: 'none: it starts a login and changes nothing',
    only: 'navigations',
    token: 'no',
    writes: 'nothing',
    summary: 'Start a login at the organisation in the path',
    problems: startRefused,
  },
  callback: {
    get: '/callback',
    csrf: 'none: the login binding protects it',
    only: 'navigations',
    refusedAt: 'login-failed',
    token: 'yes',
    writes: 'nothing',
    summary: 'Finish a login: set the session cookie and redirect to the return URL',
    problems: [...callbackRefused, 'token_key_pending', ...stateUnavailable],
  },
  'login-failed': {
    get: '/login-failed',
    csrf: 'none: it changes nothing',
    token: 'no',
    writes: 'nothing',
    summary: 'Explain why a callback was refused, at a URL without a token',
    problems: callbackRefused,
  },
  authorize: {
    get: '/authorize',
    csrf: 'none: it changes nothing',
    successLevel: 'debug',
    token: 'yes',
    writes: 'nothing',
    summary: 'Tell a proxy in front of a service who this person is and whether they have access',
    problems: ['bad_query', 'bad_rule', 'rule_not_met', ...notSignedIn],
  },
  'token-is-set': {
    get: '/token-is-set',
    csrf: 'none: it changes nothing',
    successLevel: 'debug',
    token: 'yes',
    writes: 'nothing',
    summary: 'Check the session',
    problems: notSignedIn,
  },
  units: {
    get: '/units',
    csrf: 'none: it changes nothing',
    signedOut: 'forbidden',
    token: 'yes',
    writes: 'nothing',
    summary: 'List the units of a person, and the preferred one',
    problems: notSignedIn,
  },
  unit: {
    post: '/unit',
    csrf: 'same origin',
    body: 'json',
    signedOut: 'forbidden',
    token: 'yes',
    writes: 'SUBJECT',
    summary: 'Set the preferred unit',
    problems: ['foreign_origin', 'not_json', 'body_too_large', 'bad_body', 'unit_not_held', ...notSignedIn],
  },
  logout: {
    post: '/logout',
    csrf: 'same origin',
    body: 'none',
    form: 'checked last',
    token: 'yes',
    writes: 'SESSION',
    summary: 'End the session in every instance',
    problems: [
      'foreign_origin',
      'bad_query',
      'bad_cookies',
      'body_too_large',
      'return_url_not_allowed',
      'token_key_pending',
      ...stateUnavailable,
    ],
  },
  health: {
    get: '/health',
    head: 'answered like GET, without a body',
    csrf: 'none: it changes nothing',
    token: 'no',
    writes: 'nothing',
    summary: 'Report whether the state is fresh or in grace',
    problems: [],
  },
  'not-found': {
    unmatched: true,
    csrf: 'none: it changes nothing',
    token: 'no',
    writes: 'nothing',
    summary: 'Answer requests that no route matches, with the security headers',
    problems: ['not_found'],
  },
  'refresh-state': {
    every: '1 minute',
    token: 'no',
    writes: 'everything',
    summary: 'Fetch keys and organisations from the identity service and store them as one state',
    problems: [],
  },
} as const satisfies Record<string, Route>

/** The name of a route. */
export type RouteName = keyof typeof routes

/** The routes that answer requests. */
export type EndpointName = Exclude<RouteName, 'refresh-state'>

/** The routes with a path, which the OpenAPI document describes. */
export type HttpRouteName = Exclude<EndpointName, 'not-found'>

/** Method and full path of a route, or undefined when it has no path. */
export const methodAndPath = (route: Route): { method: 'GET' | 'POST'; path: string } | undefined => {
  if ('get' in route) return { method: 'GET', path: `${prefix}${route.get}` }
  if ('post' in route) return { method: 'POST', path: `${prefix}${route.post}` }
  return undefined
}

/** Every method and full path of a route, with HEAD if its row has it. */
export const methodsAndPaths = (
  route: Route,
): readonly { method: 'GET' | 'POST' | 'HEAD'; path: string }[] => {
  const at = methodAndPath(route)
  if (at === undefined) return []
  return 'head' in route ? [at, { ...at, method: 'HEAD' }] : [at]
}

/** The public answer to a code on this route. */
export const answerOn = (route: Route, code: Code): AnswerName => {
  const { answer } = row(code)
  return answer === 'missingToken' && 'signedOut' in route && route.signedOut ? route.signedOut : answer
}
