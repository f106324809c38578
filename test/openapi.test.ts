import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { openApiFile, openApiText } from '../infra/openapi.ts'
import type { Answer } from '../lib/http/messages.ts'
import { Problem } from '../lib/problem.ts'
import { type HttpRouteName, methodAndPath, type Route, routes } from '../lib/routes.ts'
import { type Document, documented, mediaType, operationOf, undeclaredIn } from './support/declared.ts'
import { asProblem, browser, fromOurPage, navigation, openGateway, type Request } from './support/gateway.ts'
import { goodRequests } from './support/good-requests.ts'

const gateway = await openGateway()
const { call, token, begin } = gateway
const cookies = [`imidToken=${await token()}`]
const httpRoutes = Object.entries<Route>(routes).flatMap(([name, row]) =>
  methodAndPath(row) ? [name as HttpRouteName] : [],
)

const config = await createConfig({ extends: ['recommended'] })

/** What the recommended rules of Redocly say of a document: `rule place`. */
const findings = async (document: Document): Promise<string[]> => {
  const problems = await lintFromString({ source: JSON.stringify(document), config })
  return problems.map(({ ruleId, message, location: [where] }) =>
    [ruleId, where?.pointer, ruleId.startsWith('operation') ? '' : message].join(' ').trim(),
  )
}

/** What the rules want and the contract does not: a login answers by redirects alone, and a page of refusal is one. */
const exceptions = [
  'operation-2xx-response #/paths/~1callback/get/responses',
  'operation-2xx-response #/paths/~1login-failed/get/responses',
  'operation-2xx-response #/paths/~1login/get/responses',
  'operation-2xx-response #/paths/~1org~1{org}~1login/get/responses',
]

const toApp = 'callback=https%3A%2F%2Fapp.example.test%2F'
const json = { ...fromOurPage, 'content-type': 'application/json' }
const unit = { cookies, headers: json }
const healthJson = { headers: { accept: 'application/health+json' } }

const good = goodRequests({
  token,
  begun: async () => {
    const person = browser()
    return { query: await begin(person), cookies: person.pairs() }
  },
})

/** Further requests of every kind, by the status that they get. */
const others: Partial<Record<HttpRouteName, readonly (readonly [number, Request])[]>> = {
  login: [
    [400, { query: 'org=demo' }],
    [401, { query: `org=demo&${toApp}`, headers: { 'sec-fetch-mode': 'cors' } }],
    [403, { query: `org=nobody&${toApp}` }],
  ],
  'org-login': [
    [400, { path: { org: 'de mo' }, query: toApp }],
    [401, { path: { org: 'demo' }, query: toApp, headers: { 'sec-fetch-mode': 'cors' } }],
    [403, { path: { org: 'nobody' }, query: toApp }],
  ],
  callback: [
    [302, { query: `imid_token=${await token()}&serviceCallback=/`, cookies }],
    [400, { query: 'serviceCallback=/' }],
    [401, { query: 'imid_token=x&serviceCallback=/', headers: { 'sec-fetch-mode': 'cors' } }],
    [403, { query: 'error=access_denied&serviceCallback=/' }],
  ],
  'login-failed': [
    [400, { query: 'code=nonsense&id=12345678' }],
    [403, { query: 'code=login_cancelled&id=12345678&org=demo&callback=/' }],
  ],
  authorize: [
    [302, { query: 'org=demo&redirect=1' }],
    [400, { query: 'org=demo&rol=x', cookies }],
    [401, { query: 'org=demo' }],
    [403, { query: 'org=second', cookies }],
  ],
  'token-is-set': [
    [401, {}],
    [401, { cookies: [...cookies, 'imidToken=x'] }],
  ],
  units: [
    [403, {}],
    [403, { bearer: 'x' }],
  ],
  unit: [
    [400, { ...unit, body: '{"unit":1}' }],
    [403, { ...unit, body: '{"unit":"nowhere"}' }],
    [413, { ...unit, body: 'x'.repeat(200_000) }],
    [415, { ...unit, headers: fromOurPage, body: 'unit=1' }],
  ],
  logout: [
    [303, { headers: fromOurPage, query: 'callback=/' }],
    [400, { headers: fromOurPage, query: 'callback=//elsewhere' }],
    [403, { headers: { origin: 'https://elsewhere.example' } }],
    [413, { headers: fromOurPage, body: 'x'.repeat(200_000) }],
  ],
  health: [[200, healthJson]],
}

/** The headers of a request without Fetch Metadata, so that every reader may ask. */
const sayingNothingOfFetch = ({ headers = {} }: Request) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('sec-fetch-')))

const requestsTo = async (name: HttpRouteName): Promise<readonly (readonly [number, Request])[]> => [
  [good[name].status, await good[name].request()],
  ...(others[name] ?? []),
]

/** The three readers of a refusal. */
const readers = [{}, asProblem, navigation]

const real: [name: HttpRouteName, answer: Answer][] = []

/** Sends a request and keeps its answer. */
const ask = async (name: HttpRouteName, request: Request, send = call): Promise<Answer> => {
  const answer = await send(name, request)
  real.push([name, answer])
  return answer
}

/** An example of each kind goes into the document, where no member may be without a schema. */
const withExamples = (): Document => {
  const document = documented()
  for (const [number, [name, answer]] of real.entries()) {
    const media = operationOf(document, name).responses[answer.statusCode]?.content?.[mediaType(answer)]
    if (media === undefined || answer.body === undefined) continue
    const value: unknown = mediaType(answer) === 'text/html' ? answer.body : JSON.parse(answer.body)
    media.schema = { ...media.schema, unevaluatedProperties: false }
    media.examples = { ...media.examples, [`answer-${number}`]: { value } }
  }
  return document
}

describe('docs/openapi.json', () => {
  it('is what the tables say (UPDATE_SNAPSHOTS=1 or `npm run docs` writes it anew)', () => {
    const { UPDATE_SNAPSHOTS } = process.env
    if (UPDATE_SNAPSHOTS === '1') writeFileSync(openApiFile, openApiText())
    equal(readFileSync(openApiFile, 'utf8'), openApiText())
  })

  it('passes the recommended rules but for what the contract has otherwise', async () => {
    deepEqual((await findings(documented())).toSorted(), exceptions)
  })

  it('names each route by its one word, and each failure of its row', () => {
    for (const name of httpRoutes) {
      const { operationId, responses } = operationOf(documented(), name)
      equal(operationId, name)
      const text = JSON.stringify(responses)
      for (const code of [...routes[name].problems, 'internal']) ok(text.includes(`\`${code}\``), code)
    }
  })
})

describe('the answers of each route are those of the document', () => {
  for (const name of httpRoutes)
    it(name, async () => {
      for (const [status, request] of await requestsTo(name))
        for (const reader of status < 400 ? [{}] : readers) {
          const answer = await ask(name, { ...request, headers: { ...reader, ...request.headers } })
          const leaves = name === 'callback' && answer.statusCode === 303 && reader === navigation
          equal(leaves ? 403 : answer.statusCode, status)
          deepEqual(undeclaredIn(name, answer), [])
        }
    })

  it('a login that is finished, and one that is refused', async () => {
    const person = browser()
    const query = await begin(person)
    const request = { query: query.toString().replaceAll('+', '%20'), cookies: person.pairs() }
    equal((await ask('callback', { ...request, query: `${query}&imid_token=x` })).statusCode, 401)
    query.set('imid_token', await token())
    equal((await ask('callback', { ...request, query: query.toString() })).statusCode, 302)
  })

  it('503, or the 500 of health, while the table cannot be read', async () => {
    const reading = httpRoutes.filter((name) => {
      const { problems }: Route = routes[name]
      return name === 'health' || problems.includes('table_unavailable')
    })
    for (const name of reading) {
      const request = await good[name].request()
      gateway.front.fault.next = () => new Problem('table_unavailable')
      for (const reader of name === 'health' ? [{}, healthJson.headers] : readers) {
        const cold = gateway.instance()
        const sent = { cookies, ...request, headers: { ...sayingNothingOfFetch(request), ...reader } }
        const answer = await ask(name, sent, async () => (await gateway.open(name, cold))(sent))
        equal(answer.statusCode, name === 'health' ? 500 : 503)
      }
      delete gateway.front.fault.next
    }
  })

  it('and each body has the form of its schema', async () => {
    ok(real.length > 60)
    deepEqual((await findings(withExamples())).toSorted(), exceptions)
  })
})
