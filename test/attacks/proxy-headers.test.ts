import { deepEqual } from 'node:assert/strict'
import { mock } from 'node:test'
import type { Answer } from '../../lib/http/messages.ts'
import type { HttpRouteName } from '../../lib/routes.ts'
import { each } from '../support/each.ts'
import { browser, effect, fromOurPage, openGateway, type Request } from '../support/gateway.ts'
import { goodRequests } from '../support/good-requests.ts'
import vectors from '../vectors/proxy-headers.json' with { type: 'json' }

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openGateway()
const { call, token, begin } = gateway

const good = goodRequests({
  token,
  begun: async () => {
    const person = browser()
    return { query: await begin(person), cookies: person.pairs() }
  },
})
const requests = Object.entries(good).map(([name, { request }]) => [name as HttpRouteName, request] as const)

/** An answer without its random values. */
const shape = (answer: Answer) => {
  const location = answer.headers.location?.replace(/login%3D[\w-]{32}/, '') ?? ''
  const { status, ...effects } = effect({ ...answer, headers: { ...answer.headers, location } })
  return { status, ...effects, body: answer.body?.replace(/request-\d+/, '') }
}

each<readonly [HttpRouteName, () => Promise<Request>]>(
  'Headers that proxies and frameworks add do not change the response of any route',
  [
    ...requests,
    ['token-is-set', async () => ({})],
    ['units', async () => ({})],
    ['logout', async () => ({ query: 'callback=/', headers: fromOurPage })],
  ],
)(async ([name, made]) => {
  const answer = async (more: object) => {
    const request = await made()
    return shape(await call(name, { ...request, headers: { ...more, ...request.headers } }))
  }
  const plain = await answer({})
  for (const more of vectors) deepEqual(await answer(more), plain, JSON.stringify(more))
})
