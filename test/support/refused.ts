import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Answer } from '../../lib/http/messages.ts'
import { type AnswerName, answers, type Code, row } from '../../lib/problem.ts'
import { type HttpRouteName, type Route, routes } from '../../lib/routes.ts'
import type { Items, Table } from '../../lib/store/table.ts'
import { asProblem, type Gateway, type Request, type Settings, set } from './gateway.ts'

/**
 * What being refused means, whichever route and attack: the contract's answer, no redirect, no session cookie, no write, and
 * the token nowhere in what goes out or into the log.
 */

/** The public answer of a code on a route: contract, section 2. */
const answerOf = (name: HttpRouteName, code: Code): AnswerName => {
  const route: Route = routes[name]
  const { answer } = row(code)
  return answer === 'missingToken' && 'signedOut' in route && route.signedOut ? route.signedOut : answer
}

/** Payload and signature. The header is the same in every token of its key, and says nothing. */
const partsOf = (token: string): string[] => token.split('.').slice(1)

/** Fails when a token, or a part of one that tells or proves anything, stands in this text. */
export const withoutToken = (text: string, token: string | undefined): void => {
  for (const part of partsOf(token ?? '')) ok(part === '' || !text.includes(part), 'a part of the token')
}

/** Reads the same keys once: nothing changes while attacks run, and there are thousands of them. */
const unchanging = (table: Table): Table => {
  const seen = new Map<string, Promise<Items>>()
  const read = (keys: readonly string[]): Promise<Items> => {
    const name = JSON.stringify(keys)
    const items = seen.get(name) ?? table.read(keys)
    seen.set(name, items)
    return items
  }
  return { ...table, read }
}

type Call = (request: Request) => Promise<Answer>

/** One instance of every route over a table that does not change, for tests that only ever meet refusals. */
export const standing = (gateway: Gateway, settings: Settings = {}) => {
  const on = { ...gateway.instance(settings), table: unchanging(gateway.front.table) }
  const opened = new Map<HttpRouteName, Promise<Call>>()
  const route = async (name: HttpRouteName): Promise<Call> => {
    const handler = opened.get(name) ?? gateway.open(name, on)
    opened.set(name, handler)
    return handler
  }
  return { on, call: async (name: HttpRouteName, request: Request) => (await route(name))(request) }
}

type Attack = Readonly<{
  request: Request
  /** What the answer may say; more than one where a spelling of the input changes how it fails. */
  codes: readonly Code[]
  token?: string
  /** A logout ends the session whatever else is wrong with the request. */
  mayWrite?: boolean
  call?: Call
}>

/** Sends a request and fails unless it is refused, wholly. Gives the answer, for what else there is to say about it. */
export const refused = async (gateway: Gateway, name: HttpRouteName, attack: Attack): Promise<Answer> => {
  const { request, codes, token, call = (sent: Request) => gateway.call(name, sent) } = attack
  gateway.front.reset()
  gateway.lines.length = 0
  const answer = await call({ ...request, headers: { ...asProblem, ...request.headers } })

  const { type, title, status, instance, key, code, login: _login, ...rest } = JSON.parse(answer.body ?? '{}')
  ok(codes.includes(code), `${name} answers ${code}, not ${codes}: ${JSON.stringify(request).slice(0, 300)}`)
  const expected = answers[answerOf(name, code)]
  deepEqual(
    { status: answer.statusCode, told: status, key, rest },
    { status: expected.status, told: expected.status, key: expected.key, rest: {} },
  )
  equal(type, `urn:imsg-service:problem:${code}`)
  ok(title !== '' && instance !== '')
  nothingGained(gateway, answer, attack.mayWrite ?? false)
  withoutToken(JSON.stringify(answer) + gateway.lines.join(), token)
  return answer
}

/** No redirect, no session in any cookie, no write, and never the fault of the gateway. */
export const nothingGained = (gateway: Gateway, answer: Answer, mayWrite = false): void => {
  ok(answer.statusCode >= 400 && answer.statusCode < 500, `status ${answer.statusCode}`)
  equal(answer.headers.location, undefined)
  deepEqual(
    set(answer).filter(({ name }) => !name.includes('imsg-rounds')),
    [],
  )
  if (!mayWrite) equal(gateway.front.calls.write, 0)
}
