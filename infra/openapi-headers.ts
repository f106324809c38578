import { withSecurityHeaders } from '../lib/http/security-headers.ts'
import type { Answer, Json } from './openapi-schema.ts'

/** Response headers that all routes share: security headers, and those of pages. */

const what: Readonly<Record<string, string>> = {
  'cache-control': 'Responses are not cached.',
  'referrer-policy': 'URLs of the gateway are not sent as referrer.',
  'strict-transport-security': 'Not on loopback, which may use plain http.',
  vary: 'Every request header that is read.',
  'x-content-type-options': 'Browsers must not guess the type.',
  'cross-origin-resource-policy': 'With JSON.',
  'content-language': 'With a page.',
  'content-security-policy': 'With a page: no scripts, and nothing from other hosts.',
  'cross-origin-opener-policy': 'With a page.',
}

/** The headers that the chain adds to an answer of this type. */
const added = (type: string): string[] =>
  Object.keys(withSecurityHeaders({ statusCode: 200, headers: { 'content-type': type } }).headers)

const ofPage = ['content-language', 'content-security-policy', 'cross-origin-opener-policy']

const namesFor = (types: readonly string[]): string[] => [
  ...new Set([...added(''), ...types.flatMap(added), ...(types.includes('text/html') ? ofPage : [])]),
]

const written = (name: string): string => name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase())

/** The shared headers, by the names to which `withCommonHeaders` refers. */
export const commonHeaders: Readonly<Record<string, Json>> = Object.fromEntries(
  Object.entries(what).map(([name, description]) => [
    written(name),
    { description, schema: { type: 'string' } },
  ]),
)

/** An answer with the shared headers of its types. Throws `TypeError` for a header without a description. */
export const withCommonHeaders = (answer: Answer): Answer => {
  const names = namesFor(Object.keys(answer.content ?? {})).filter((name) => name !== 'content-type')
  const common = names.map((name) => {
    if (!what[name]) throw new TypeError(`${name} is not described`)
    return [written(name), { $ref: `#/components/headers/${written(name)}` }]
  })
  return { ...answer, headers: { ...answer.headers, ...Object.fromEntries(common) } }
}

/** API Gateway's own answer to a request line and headers of more than 10,240 bytes. */
export const tooLong: Answer = {
  description: 'The URL and headers of the request are too long. Sent by API Gateway.',
  content: {
    'application/json': {
      schema: { type: 'object', required: ['message'], properties: { message: { type: 'string' } } },
    },
  },
}

const identityHeader = (description: string): Json => ({
  description,
  required: true,
  schema: { type: 'string' },
})
/** The headers about a person. All of them are on every 200 of `/authorize`. */
export const identityHeaders = {
  'x-imid-sub': identityHeader(
    'The subject. Like all of these percent-encoded UTF-8, and empty where there is nothing.',
  ),
  'x-imid-org': identityHeader('The organisation.'),
  'x-imid-unit': identityHeader('The preferred unit.'),
  'x-imid-units': identityHeader(
    'The units, joined by commas. Cut off at 2,048 characters, with a last item `...`.',
  ),
  'x-imid-permissions': identityHeader(
    'Permissions, joined by commas and cut off like the units. With `unit` in the rule, those in that unit. Without, `service:permission` for the organisation and `unit/service:permission` for a unit.',
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
/** The header that says where to sign in. */
export const loginHeader = {
  'x-imid-login': {
    description: 'Where to sign in: for a navigation, when the rule names one organisation.',
    schema: { type: 'string', format: 'uri' },
  },
}
