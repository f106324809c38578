import type { Code } from '../lib/problem.ts'
import type { EndpointName } from '../lib/routes.ts'
import type { Reader } from './smoke-rules.ts'

/** A failure of the catalogue that can be provoked without credentials. */
export type Refusal = Readonly<{
  name: EndpointName
  when: string
  code: Code
  query?: string
  path?: string
  headers?: Readonly<Record<string, string>>
  body?: string
  /** Whether it comes from a page of the gateway itself. */
  sameOrigin?: true
  /** The representations to request; all by default. */
  readers?: readonly Reader[]
}>

const json = { 'content-type': 'application/json' }
const byScript = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
const programs: readonly Reader[] = ['key', 'problem']
/** An origin that is never allowed: `.invalid` is reserved (RFC 2606). */
export const foreign = 'https://smoke.invalid'

/** Every refusal that can be provoked without a session. */
export const refusals: readonly Refusal[] = [
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
    when: 'an invalid name',
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
  { name: 'authorize', when: 'no rule', code: 'bad_rule' },
  { name: 'authorize', when: 'an unknown rule', code: 'bad_rule', query: 'org=smoke&role=editor' },
  { name: 'authorize', when: 'no session', code: 'token_missing', query: 'org=smoke' },
  { name: 'token-is-set', when: 'no session', code: 'token_missing' },
  {
    name: 'token-is-set',
    when: 'a bearer that is not a token',
    code: 'token_malformed',
    headers: { authorization: 'Bearer smoke' },
  },
  { name: 'not-found', when: 'an unknown path', code: 'not_found', path: '/smoke' },
  { name: 'not-found', when: 'an extra slash', code: 'not_found', path: '/units/' },
  { name: 'not-found', when: 'another method', code: 'not_found', path: '/unit' },
  {
    name: 'login-failed',
    when: 'a refusal of a callback',
    code: 'token_expired',
    query: 'code=token_expired&id=smoke-test',
  },
  {
    name: 'login-failed',
    when: 'an unknown code',
    code: 'bad_query',
    query: 'code=smoke&id=smoke-test',
  },
  { name: 'units', when: 'no session', code: 'token_missing' },
  {
    name: 'unit',
    when: 'no session',
    code: 'token_missing',
    sameOrigin: true,
    headers: json,
    body: '{"unit":null}',
  },
  {
    name: 'unit',
    when: 'a body that is not JSON',
    code: 'bad_body',
    sameOrigin: true,
    headers: json,
    body: '{',
  },
  { name: 'unit', when: 'a form', code: 'not_json', sameOrigin: true, body: 'unit=smoke' },
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
    sameOrigin: true,
  },
]
