import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { openApiFile, openApiText } from '../infra/openapi.ts'
import type { Answer } from '../lib/http/messages.ts'
import { Problem } from '../lib/problem.ts'
import { type HttpRouteName, methodAndPath, type Route, routes } from '../lib/routes.ts'
import { type Document, documented, mediaType, operationOf } from './support/declared.ts'
import { asProblem, browser, fromOurPage, navigation, openGateway, type Request } from './support/gateway.ts'
import { goodRequests } from './support/good-requests.ts'

/** The document itself. `support/gateway.ts` checks the responses of all other tests against it. */

const gateway = await openGateway()
const { call, token, begin } = gateway
const httpRoutes = Object.entries<Route>(routes).flatMap(([name, row]) =>
  methodAndPath(row) ? [name as HttpRouteName] : [],
)

const config = await createConfig({ extends: ['recommended'] })

/** The findings of Redocly's recommended rules in a document: `rule place`. */
const findings = async (document: Document): Promise<string[]> => {
  const problems = await lintFromString({ source: JSON.stringify(document), config })
  const found = problems.map(({ ruleId, message, location: [where] }) =>
    [ruleId, where?.pointer, ruleId.startsWith('operation') ? '' : message].join(' ').trim(),
  )
  return found.toSorted()
}

/** Routes that have no 2xx response, by the contract: they redirect, or answer with an error page. */
const exceptions = [
  'operation-2xx-response #/paths/~1callback/get/responses',
  'operation-2xx-response #/paths/~1login-failed/get/responses',
  'operation-2xx-response #/paths/~1login/get/responses',
  'operation-2xx-response #/paths/~1org~1{org}~1login/get/responses',
]

describe('docs/openapi.json', () => {
  it('is up to date (`npm run docs` writes it)', () =>
    ok(readFileSync(openApiFile, 'utf8') === openApiText()))

  it('passes the recommended rules of Redocly, apart from the listed exceptions', async () =>
    deepEqual(await findings(documented()), exceptions))

  it('uses the route name as operationId and lists every problem of each route', () => {
    for (const name of httpRoutes) {
      const { operationId, responses } = operationOf(documented(), name)
      equal(operationId, name)
      const text = JSON.stringify(responses)
      for (const code of [...routes[name].problems, 'internal']) ok(text.includes(`\`${code}\``), code)
    }
  })
})

/** The document with these responses as examples, whose members must all have a schema. */
const withExamples = (answers: readonly (readonly [HttpRouteName, Answer])[]): Document => {
  const document = documented()
  for (const [number, [name, answer]] of answers.entries()) {
    const media = operationOf(document, name).responses[answer.statusCode]?.content?.[mediaType(answer)]
    if (media === undefined || answer.body === undefined) continue
    const value: unknown = mediaType(answer) === 'text/html' ? answer.body : JSON.parse(answer.body)
    media.schema = { ...media.schema, unevaluatedProperties: false }
    media.examples = { ...media.examples, [`answer-${number}`]: { value } }
  }
  return document
}

const healthJson = { accept: 'application/health+json' }

/** Further requests, whose responses have another media type. */
const others: Partial<Record<HttpRouteName, readonly Request[]>> = {
  authorize: [{ query: 'org=demo', headers: asProblem }],
  logout: [{ headers: { ...fromOurPage, ...navigation } }],
  health: [{ headers: healthJson }],
}

describe('a response body', () => {
  const good = goodRequests({
    token,
    begun: async () => {
      const person = browser()
      return { query: await begin(person), cookies: person.pairs() }
    },
  })

  it('matches its schema when the request succeeds', async () => {
    const answers: [HttpRouteName, Answer][] = []
    for (const name of httpRoutes)
      for (const request of [await good[name].request(), ...(others[name] ?? [])])
        answers.push([name, await call(name, request)])
    deepEqual(await findings(withExamples(answers)), exceptions)
  })

  it('matches its schema while the table cannot be read, for every Accept header', async () => {
    const answers: [HttpRouteName, Answer][] = []
    const reading = httpRoutes.filter((name) =>
      [...routes[name].problems].some((code) => code === 'table_unavailable'),
    )
    for (const name of [...reading, 'health'] as const) {
      const request = await good[name].request()
      gateway.front.fault.next = () => new Problem('table_unavailable')
      for (const reader of [{}, asProblem, navigation, healthJson]) {
        // Without Fetch Metadata, so that every reader may ask.
        const { 'sec-fetch-mode': _, 'sec-fetch-dest': __, ...headers } = request.headers ?? {}
        const cold = await gateway.open(name, gateway.instance())
        const answer = await cold({ ...request, headers: { ...headers, ...reader } })
        equal(answer.statusCode, name === 'health' ? 500 : 503, name)
        answers.push([name, answer])
      }
      delete gateway.front.fault.next
    }
    deepEqual(await findings(withExamples(answers)), exceptions)
  })
})
