import type { AnswerName } from '../lib/problem.ts'

/** The route table of this service: data only. */

type Route = Readonly<{
  method: 'GET' | 'POST' | 'ANY'
  path: `/v1/${string}` | '$default'
  summary: string
  /** The function that serves it: its file and its construct. */
  function: string
  /** Only a document navigation is served: no prefetch, embed or fetch. */
  only?: 'navigations'
  /** The one answer to every failure, where a protocol asks for it. */
  failures?: AnswerName
}>

export const routes = {
  login: {
    method: 'GET',
    path: '/v1/org/{org}/login',
    summary: 'Send a browser to the provider of an organisation',
    function: 'login',
    only: 'navigations',
  },
  'login-callback': {
    method: 'GET',
    path: '/v1/org/{org}/login-callback',
    summary: 'Finish a login at the provider and give the gateway its ID token',
    function: 'login-callback',
    only: 'navigations',
  },
  jwks: {
    method: 'GET',
    path: '/v1/jwks',
    summary: 'The public keys of the ID tokens',
    function: 'jwks',
  },
  logout: {
    method: 'GET',
    path: '/v1/org/{org}/logout',
    summary: 'Ask the provider to sign the person out, and come back from there',
    function: 'logout',
    only: 'navigations',
  },
  'backchannel-logout': {
    method: 'POST',
    path: '/v1/org/{org}/backchannel-logout',
    summary: 'End the sessions of a person whom the provider signed out',
    function: 'provider-logout',
    // OpenID Connect Back-Channel Logout 1.0 section 2.8 knows 200 and 400.
    failures: 'badRequest',
  },
  'frontchannel-logout': {
    method: 'GET',
    path: '/v1/org/{org}/frontchannel-logout',
    summary: 'The same, in a frame that the provider opens in the browser',
    function: 'provider-logout',
  },
  'not-found': {
    method: 'ANY',
    path: '$default',
    summary: 'Answer what no route matches, as the gateway does',
    function: 'login',
  },
} as const satisfies Record<string, Route>

export type RouteName = keyof typeof routes

/** The row of a route, typed so that every optional cell can be asked for. */
export const routeRow = (name: RouteName): Route => routes[name]
