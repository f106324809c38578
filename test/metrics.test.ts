import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestMetrics } from '../lib/metrics.ts'
import type { HttpRouteName } from '../lib/routes.ts'
import { each } from './support/each.ts'
import { asProblem, browser, navigation as headers, openGateway, type Request } from './support/gateway.ts'

type Line = Record<string, unknown> & {
  _aws?: {
    CloudWatchMetrics: {
      Namespace: string
      Dimensions: string[][]
      Metrics: { Name: string; Unit: string }[]
    }[]
  }
}

describe('The metrics of a request', () => {
  const counted = (route: HttpRouteName, status: number, code = 'ok', more: object = {}) => {
    const outcome = { route, status, code, refused: status >= 400, cookieBytes: 7, person: true, ...more }
    const line: Line = requestMetrics('n', outcome, 1000)
    const [set, ...others] = line._aws?.CloudWatchMetrics ?? []
    const values = (set?.Metrics ?? []).filter(({ Name }) => line[Name] !== 0).map(({ Name }) => Name)
    const byCode = others.flatMap(({ Metrics, Dimensions }) => [
      ...Metrics.map(({ Name }) => Name),
      Dimensions,
    ])
    return byCode.length > 0 ? [values, byCode, line.Code] : values
  }
  const failedBy = (code: string) => [['LoginFailed', [['Code']]], code] as const
  const byProgram = { person: false }
  const ended = ['LoginReturned', 'LoginVerified', 'SessionSet', 'HeaderBytes']
  each<readonly [found: unknown, expected: unknown]>('count its outcome, for people and not for programs', [
    [counted('login', 302), ['LoginStarted', 'HeaderBytes']],
    [counted('org-login', 400, 'bad_query'), [['LoginFailed', 'HeaderBytes'], ...failedBy('bad_query')]],
    [counted('callback', 302, 'session_set'), ended],
    [counted('callback', 302, 'login_repeated'), ['LoginReturned', 'HeaderBytes']],
    [
      counted('callback', 401, 'token_too_large'),
      [['LoginReturned', 'LoginVerified', 'LoginFailed', 'HeaderBytes'], ...failedBy('token_too_large')],
    ],
    // Prefetches, embeds, link scanners and crawlers.
    [counted('login', 401, 'not_a_navigation'), []],
    [counted('callback', 401, 'not_a_navigation'), []],
    [counted('org-login', 302, 'ok', byProgram), []],
    [counted('callback', 400, 'bad_query', byProgram), []],
    // A new session counts, whatever the headers of its request.
    [counted('callback', 302, 'session_set', byProgram), ended],
    [counted('login', 302, 'login_elsewhere'), []],
    [counted('token-is-set', 200), []],
    [counted('token-is-set', 401, 'token_missing'), ['PollRefused']],
    [counted('token-is-set', 503, 'table_unavailable'), ['PollUnknown']],
    [counted('health', 500, 'unhealthy'), []],
  ])(([found, expected]) => deepEqual(found, expected))
})

describe('The log line of a request', async () => {
  const gateway = await openGateway()
  const { instance, token } = gateway
  const lineOf = async (name: HttpRouteName, request: Request, on = instance()): Promise<Line> => {
    await (await gateway.open(name, on))(request)
    return gateway.logs.at(-1) ?? {}
  }
  const elsewhere = { query: 'org=demo&callback=//elsewhere', headers: { ...headers, ...asProblem } }

  it('counts the steps of a login and the size of the request cookies', async () => {
    const person = browser()
    const query = await gateway.begin(person)
    query.set('imid_token', await token())
    const [pair = ''] = person.pairs()
    const line = await lineOf('callback', { query: query.toString(), cookies: [pair, 'a=1'] })
    const [{ Namespace = '', Dimensions = [], Metrics = [] } = {}] = line._aws?.CloudWatchMetrics ?? []
    deepEqual([line.code, Namespace, Dimensions], ['session_set', 'imsg-service-test', [[]]])
    deepEqual(
      Metrics.map(({ Name, Unit }) => [Name, Unit, line[Name]]),
      [
        ['LoginStarted', 'Count', 0],
        ['LoginReturned', 'Count', 1],
        ['LoginVerified', 'Count', 1],
        ['SessionSet', 'Count', 1],
        ['LoginFailed', 'Count', 0],
        ['HeaderBytes', 'Bytes', pair.length + 7],
      ],
    )
  })

  each('does not count failed logins of programs', [
    [undefined, {}],
    [undefined, { headers: { ...headers, 'sec-purpose': 'prefetch' }, cookies: ['a=1'] }],
    [undefined, { headers: { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' } }],
    [1, { headers }],
    [1, { cookies: ['a=1'] }],
  ])(async ([failed, request]) => {
    const line = await lineOf('login', { query: 'org=nobody&callback=/', ...request })
    deepEqual([line.LoginFailed, line._aws === undefined], [failed, failed === undefined])
  })

  each('has `binding: off` at a login when LOGIN_BINDING is off, and not on other routes', [
    ['login', elsewhere, 'off'],
    ['callback', { query: 'imid_token=x&serviceCallback=/', headers }, 'off'],
    ['token-is-set', {}, undefined],
  ])(async ([name, request, binding]) => {
    equal((await lineOf(name, request, instance({ LOGIN_BINDING: 'off' }))).binding, binding)
    equal((await lineOf(name, request)).binding, undefined)
  })
})
