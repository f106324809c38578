import { withSecurityHeaders } from '../lib/http/security-headers.ts'
import type { Answer, Json } from './spoken.ts'

/** Headers of answers that no route has for itself: those that protect it, and those of a page. */

const what: Readonly<Record<string, string>> = {
  'cache-control': 'Nothing of the gateway is stored.',
  'referrer-policy': 'No address of the gateway is handed on.',
  'strict-transport-security': 'Not on loopback, which may be plain http.',
  vary: 'All that is read of a request.',
  'x-content-type-options': 'The type is what it says.',
  'cross-origin-resource-policy': 'With JSON.',
  'content-language': 'With a page.',
  'content-security-policy': 'With a page: no script, nothing from elsewhere.',
  'cross-origin-opener-policy': 'With a page.',
}

/** What the chain adds to an answer of this type. */
const added = (type: string): string[] =>
  Object.keys(withSecurityHeaders({ statusCode: 200, headers: { 'content-type': type } }).headers)

const ofPage = ['content-language', 'content-security-policy', 'cross-origin-opener-policy']

const namesFor = (types: readonly string[]): string[] => [
  ...new Set([...added(''), ...types.flatMap(added), ...(types.includes('text/html') ? ofPage : [])]),
]

const written = (name: string): string => name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase())

/** The headers by the names under which `withCommonHeaders` refers to them. */
export const commonHeaders: Readonly<Record<string, Json>> = Object.fromEntries(
  Object.entries(what).map(([name, description]) => [
    written(name),
    { description, schema: { type: 'string' } },
  ]),
)

/**
 * An answer with the headers that it has like all others of its types. One that is not described here is a
 * TypeError.
 */
export const withCommonHeaders = (answer: Answer): Answer => {
  const names = namesFor(Object.keys(answer.content ?? {})).filter((name) => name !== 'content-type')
  const common = names.map((name) => {
    if (!what[name]) throw new TypeError(`${name} is not described`)
    return [written(name), { $ref: `#/components/headers/${written(name)}` }]
  })
  return { ...answer, headers: { ...answer.headers, ...Object.fromEntries(common) } }
}

/** API Gateway's own answer to a request line and headers that are longer than 10,240 bytes together. */
export const tooLong: Answer = {
  description: 'The address and the headers of the request are too long. Said by API Gateway.',
  content: {
    'application/json': {
      schema: { type: 'object', required: ['message'], properties: { message: { type: 'string' } } },
    },
  },
}
