import { openApi } from '../../infra/openapi.ts'
import type { Answer } from '../../lib/http/messages.ts'
import { catalogue } from '../../lib/problem.ts'
import {
  type HttpRouteName,
  methodAndPath,
  prefix,
  type Route,
  type RouteName,
  routes,
} from '../../lib/routes.ts'

/** What the route table and the OpenAPI document say of a route, held against what it really does. */

type Schema = Readonly<Record<string, unknown>>
export type Media = { schema: Schema; examples?: Record<string, { value: unknown }> }
export type Response = Readonly<{
  headers?: Readonly<Record<string, unknown>>
  content?: Readonly<Record<string, Media>>
}>
type Operation = Readonly<{ operationId: string; responses: Readonly<Record<string, Response>> }>
export type Document = Readonly<{ paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> }>

export const documented = (): Document => structuredClone(openApi()) as unknown as Document

/** What the document says of a route. */
export const operationOf = (document: Document, name: HttpRouteName): Operation => {
  const { method, path } = methodAndPath(routes[name]) ?? { method: '', path: '' }
  const operation = document.paths[path.slice(prefix.length)]?.[method.toLowerCase()]
  if (operation === undefined) throw new TypeError(`${name} is not in the document`)
  return operation
}

/** The media type of an answer, without its parameters. */
export const mediaType = ({ headers }: Answer): string => headers['content-type']?.split(';')[0] ?? ''

const committed = documented()

/** The type is judged with the body. */
const strayHeaders = ({ headers = {} }: Response, answer: Answer): string[] => {
  const declared = new Set(['content-type', ...Object.keys(headers).map((name) => name.toLowerCase())])
  return Object.keys(answer.headers).filter((name) => !declared.has(name))
}

/** What an answer has that the document does not know of. */
export const undeclaredIn = (name: HttpRouteName, answer: Answer): string[] => {
  const response = operationOf(committed, name).responses[answer.statusCode]
  if (response === undefined) return [`${name}: status ${answer.statusCode}`]
  const type = mediaType(answer)
  const here = `${name} ${answer.statusCode}`
  return [
    ...(type === '' || response.content?.[type] ? [] : [`${here}: ${type}`]),
    ...(answer.body !== undefined && type === '' ? [`${here}: a body without a type`] : []),
    ...(type === '' && response.content ? [`${here}: no body`] : []),
    ...(answer.cookies === undefined || response.headers?.['Set-Cookie'] ? [] : [`${here}: a cookie`]),
    ...strayHeaders(response, answer).map((stray) => `${here}: ${stray}`),
  ]
}

/** The code of a log line, when it is a failure that the row of its route does not list. */
export const unlisted = ({ route, code }: Readonly<Record<string, unknown>>): string[] => {
  if (typeof code !== 'string' || !(code in catalogue) || code === 'internal') return []
  const row: Route | undefined = routes[route as RouteName]
  return row?.problems.some((listed) => listed === code) ? [] : [`${route}: ${code}`]
}
