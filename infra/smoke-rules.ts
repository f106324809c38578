import { type AnswerName, answers, type Code } from '../lib/problem.ts'
import { prefix } from '../lib/routes.ts'
import { keysOf } from './keys-of.ts'

/** Rules for responses. */

/** A response of a deployment. `header` takes a lower-case name. */
export type Reply = Readonly<{
  status: number
  overTls: boolean
  header(name: string): string | undefined
  cookies: readonly string[]
  body: string
}>

type Problems = string[]

/** The problems of a response as texts, or an empty list. */
export type Rule = (reply: Reply) => Problems

/** The three representations of a failure, and how to ask for each. */
export const readers = {
  key: { what: 'the key', headers: {} },
  problem: { what: 'the problem document', headers: { accept: 'application/problem+json' } },
  page: {
    what: 'the page',
    headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  },
} as const satisfies Record<string, { what: string; headers: Record<string, string> }>

/** The name of a representation. */
export type Reader = keyof typeof readers

/** All representations. */
export const allReaders = keysOf(readers)

const wants = (holds: boolean, problem: string): Problems => (holds ? [] : [problem])

const shown = (value: unknown): string => JSON.stringify(value) ?? 'missing'

const is = (what: string, found: unknown, wanted: unknown): Problems =>
  wants(found === wanted, `${what} is ${shown(found)}, not ${shown(wanted)}`)

const parsed = (reply: Reply): unknown => {
  try {
    return JSON.parse(reply.body)
  } catch {
    return undefined
  }
}

const membersOf = (reply: Reply): Record<string, unknown> => {
  const value = parsed(reply)
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

const mediaType = (reply: Reply): string | undefined => reply.header('content-type')?.split(';')[0]

/** `hint`: what to check when the status is wrong. */
export const hasStatus =
  (wanted: number | readonly number[], hint?: string): Rule =>
  ({ status }) => {
    const all = [wanted].flat()
    const problem = `status ${status}, not ${all.join(' or ')}`
    return wants(all.includes(status), hint ? `${problem}: ${hint}` : problem)
  }

/** Not a server error. */
export const isOurs: Rule = ({ status }) => wants(status < 500, `status ${status}`)

/** Headers that every answer of a function has. */
export const everywhere: Rule = (reply) => [
  ...isOurs(reply),
  ...is('cache-control', reply.header('cache-control'), 'no-store'),
  ...is('x-content-type-options', reply.header('x-content-type-options'), 'nosniff'),
  // Some proxies give a redirect a content type, although it has no body.
  ...(reply.body !== '' && /json/.test(reply.header('content-type') ?? '')
    ? is('cross-origin-resource-policy', reply.header('cross-origin-resource-policy'), 'same-site')
    : []),
  ...is('referrer-policy', reply.header('referrer-policy'), 'no-referrer'),
  ...(reply.overTls
    ? wants(
        /max-age=\d{7}/.test(reply.header('strict-transport-security') ?? ''),
        'HSTS is shorter than a year',
      )
    : []),
  ...wants(
    !('statusCode' in membersOf(reply)),
    'the body has a member statusCode, which makes clients stop polling',
  ),
]

/** No cookie is set or cleared. */
export const setsNothing: Rule = ({ cookies }) =>
  wants(cookies.length === 0, `a cookie is set: ${cookies.map((cookie) => cookie.split('=')[0]).join()}`)

/** The body is exactly this JSON. */
export const isJson =
  (wanted: object): Rule =>
  (reply) => [
    ...is('content-type', mediaType(reply), 'application/json'),
    ...is('body', JSON.stringify(parsed(reply)), JSON.stringify(wanted)),
  ]

/** The redirect goes to exactly this URL. */
export const leadsTo =
  (to: string): Rule =>
  ({ header }) =>
    is('location', header('location'), to)

/** A refused callback redirects to a URL without the token. */
export const leavesToken =
  (page: string): Rule =>
  ({ header }) => {
    const location = header('location') ?? ''
    return [
      ...wants(location.startsWith(page), `location is ${shown(location)}, not ${page}...`),
      ...wants(!location.includes('imid_token'), 'the token stays in the URL'),
    ]
  }

const isDocument: Rule = (reply) => [
  ...is('content-type', mediaType(reply), 'text/html'),
  ...wants(/^<!doctype html>/i.test(reply.body.trimStart()), 'the page has no doctype'),
  ...wants(/<html lang="[a-z]{2}"/.test(reply.body), 'the page does not name its language'),
  ...wants(/<h1\b/.test(reply.body), 'the page has no heading'),
  ...wants(!/<script\b/i.test(reply.body), 'the page has a script'),
  ...wants(
    /default-src 'none'/.test(reply.header('content-security-policy') ?? ''),
    "the page lacks a content-security-policy with default-src 'none'",
  ),
]

/** The body of a failure in each representation. */
export const reads: Readonly<Record<Reader, (answer: AnswerName, code: Code) => Rule>> = {
  key: (answer) => (reply) => [
    ...is('content-type', reply.header('content-type'), 'application/json; charset=utf-8'),
    ...is('body', reply.body, JSON.stringify(answers[answer].key)),
  ],
  problem: (answer, code) => (reply) => {
    const { type, title, status, instance, key, code: found } = membersOf(reply)
    return [
      ...is('content-type', mediaType(reply), 'application/problem+json'),
      ...is('code', found, code),
      ...is('type', type, `urn:imsg-service:problem:${code}`),
      ...is('key', key, answers[answer].key),
      ...is('the status in the body', status, reply.status),
      ...wants(typeof title === 'string' && title !== '', 'title is missing'),
      ...wants(typeof instance === 'string' && instance !== '', 'instance is missing'),
    ]
  },
  page: () => isDocument,
}

/** `WWW-Authenticate` (RFC 6750 section 3), which API Gateway may rename. */
export const challenges =
  (code: Code): Rule =>
  ({ header }) => {
    const presented = code !== 'token_missing' && code !== 'not_a_navigation'
    const found = header('www-authenticate') ?? header('x-amzn-remapped-www-authenticate')
    const wanted = `Bearer realm="imsg-service"${presented ? ', error="invalid_token"' : ''}`
    return is('www-authenticate', found, wanted)
  }

const checksum = /^(sha256[:-])?[\w+/=-]{32,}$/i

/** The two documented members, of a healthy or unhealthy gateway. */
export const isHealth: Rule = (reply) => {
  const { inGrace, stateChecksum, ...more } = membersOf(reply)
  return [
    ...is('content-type', mediaType(reply), 'application/json'),
    ...wants(typeof inGrace === 'boolean', 'inGrace is not a boolean'),
    ...wants(
      reply.status === 200 ? checksum.test(String(stateChecksum)) : stateChecksum === 'No checksum string',
      `stateChecksum is ${JSON.stringify(stateChecksum)}`,
    ),
    ...wants(Object.keys(more).length === 0, `health has undocumented members: ${Object.keys(more)}`),
  ]
}

/** `application/health+json`. */
export const isExtendedHealth: Rule = (reply) => {
  const { status, stateAge, gracePeriod } = membersOf(reply)
  return [
    ...is('content-type', mediaType(reply), 'application/health+json'),
    ...wants(['pass', 'warn'].includes(String(status)), `status in the body is ${JSON.stringify(status)}`),
    ...wants(typeof stateAge === 'number' && typeof gracePeriod === 'number', 'ages are missing'),
    ...wants(Number(stateAge) <= Number(gracePeriod), 'the state is older than the grace period'),
  ]
}

/** Cookies are cleared and none is set. */
export const clearsCookies: Rule = ({ cookies }) => [
  ...wants(cookies.length > 0, 'no cookie is cleared'),
  ...wants(
    cookies.every((cookie) => /;\s*max-age=0\b/i.test(cookie)),
    'a cookie is set instead of cleared',
  ),
]

/** `allowed`: the origin that CORS must allow, or undefined for none. */
export const allowsOrigin = (allowed: string | undefined): Rule => {
  const allow = 'access-control-allow'
  const credentials = allowed && 'true'
  return ({ header }) => [
    ...is(`${allow}-origin`, header(`${allow}-origin`), allowed),
    ...is(`${allow}-credentials`, header(`${allow}-credentials`), credentials),
  ]
}

const attributesOf = (cookie: string): string[] =>
  cookie
    .split(';')
    .slice(1)
    .map((attribute) => attribute.trim().toLowerCase())

/** The attributes of a login cookie: only for this host, HttpOnly, and SameSite=Lax. */
const isLoginCookie = (cookie: string, overTls: boolean): Problems => {
  const attributes = attributesOf(cookie)
  const [name = ''] = cookie.split('=')
  const wanted = ['httponly', 'samesite=lax', 'path=/', ...(overTls ? ['secure'] : [])]
  return [
    ...wanted.flatMap((attribute) => wants(attributes.includes(attribute), `${name} lacks ${attribute}`)),
    ...wants(!attributes.some((attribute) => attribute.startsWith('domain=')), `${name} has a domain`),
    ...wants(
      !overTls || name.startsWith('__Host-'),
      `${name} is not a __Host- cookie, so another host could set it`,
    ),
    ...wants(
      attributes.some((attribute) => /^max-age=\d+$/.test(attribute)),
      `${name} has no max-age`,
    ),
  ]
}

/** A redirect to the identity service with the gateway's callback URL, return URL and login binding. */
export const startsLogin =
  (origin: string, to: string): Rule =>
  (reply) => {
    const location = reply.header('location') ?? ''
    if (!URL.canParse(location)) return ['location is not an absolute URL']
    const callback = new URL(location).searchParams.get('callback') ?? ''
    if (!URL.canParse(callback)) return ['the identity service gets no callback URL']
    const back = new URL(callback)
    const overTls = origin.startsWith('https:')
    const bound = [...back.searchParams.keys()].some((name) => name !== 'serviceCallback')
    return [
      ...wants(!overTls || location.startsWith('https:'), 'the identity service is not reached over https'),
      ...is('the callback URL', `${back.origin}${back.pathname}`, `${origin}${prefix}/callback`),
      ...is('serviceCallback', back.searchParams.get('serviceCallback'), to),
      // With LOGIN_BINDING=off there is no cookie and no proof.
      ...is('whether a cookie is set, as the callback URL has a proof,', reply.cookies.length > 0, bound),
      ...reply.cookies.flatMap((cookie) => isLoginCookie(cookie, overTls)),
    ]
  }
