import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dependencies } from '../lib/lambda/dependencies.ts'
import { logTo } from '../lib/log.ts'
import { requestMetrics } from '../lib/metrics.ts'
import type { HttpRouteName } from '../lib/routes.ts'
import { each } from './support/each.ts'
import { asProblem, browser, navigation, openGateway, type Request } from './support/gateway.ts'

const gateway = await openGateway()
const { logs, instance, open, token } = gateway

/** The one log line of a request. */
const lineOf = async (name: HttpRouteName, request: Request, on = instance()) => {
  await (await open(name, on))(request)
  return (logs.at(-1) ?? {}) as Record<string, unknown> & {
    _aws?: { CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[] }
  }
}

const namesIn = (line: Awaited<ReturnType<typeof lineOf>>): string[] | undefined =>
  line._aws?.CloudWatchMetrics[0]?.Metrics.map(({ Name }) => Name)

const steps = ['LoginStarted', 'LoginReturned', 'LoginVerified', 'SessionSet', 'LoginFailed']
const headers = navigation
const callback = { query: `imid_token=${await token()}&serviceCallback=/`, headers }
const start = { query: 'org=demo&callback=/', headers }

describe('the metrics', () => {
  it('are kept under the name that the stack gives its functions', async () => {
    const line = await lineOf('login', start, { ...instance(), metricsNamespace: 'imsg-service-blue' })
    equal(line._aws?.CloudWatchMetrics[0]?.Namespace, 'imsg-service-blue')

    const env = {
      PUBLIC_URL: 'https://gw.example.test',
      IMAS_URL: 'https://imas.example.test',
      TOKEN_ISSUER: 'unchecked',
      TOKEN_AUDIENCE: 'unchecked',
      TABLE_NAME: 'test',
    }
    const named = { ...env, METRICS_NAMESPACE: 'imsg-service-green' }
    deepEqual(
      [dependencies(env), dependencies(named)].map(({ metricsNamespace }) => metricsNamespace),
      ['imsg-service', 'imsg-service-green'],
    )
  })

  it('count what a login came to, and how large the cookies were', async () => {
    const person = browser()
    const query = await gateway.begin(person)
    query.set('imid_token', await token())
    const [pair = ''] = person.pairs()
    const line = await lineOf('callback', { query: query.toString(), cookies: [pair, 'a=1'] })
    deepEqual([line.code, namesIn(line)], ['session_set', [...steps, 'HeaderBytes']])
    deepEqual(
      [...steps, 'HeaderBytes'].map((name) => line[name]),
      [0, 1, 1, 1, 0, pair.length + 2 + 3 + 2],
    )
  })

  it('ride in their lines whatever LOG_LEVEL is', () => {
    const lines: string[] = []
    const log = logTo('error', (line) => lines.push(line))
    log('info', { code: 'ok' })
    log('info', { code: 'ok', _aws: {} })
    deepEqual(lines, ['{"level":"info","code":"ok","_aws":{}}'])
  })
})

describe('what is counted of a request', () => {
  const counted = (route: HttpRouteName, status: number, code = 'ok', more: object = {}) => {
    const outcome = { route, status, code, refused: status >= 400, cookieBytes: 7, person: true, ...more }
    const line: Record<string, unknown> = requestMetrics('n', outcome, 1000)
    const { _aws: { CloudWatchMetrics: [set, ...others] = [] } = {} } = line as {
      _aws?: { CloudWatchMetrics?: { Metrics: { Name: string }[]; Dimensions: string[][] }[] }
    }
    const values = (set?.Metrics ?? []).filter(({ Name }) => line[Name] !== 0).map(({ Name }) => Name)
    const byCode = others.flatMap(({ Metrics, Dimensions }) => [
      ...Metrics.map(({ Name }) => Name),
      Dimensions,
    ])
    return byCode.length > 0 ? [values, byCode, line.Code] : values
  }
  const failedBy = (code: string) => [['LoginFailed', [['Code']]], code] as const
  const alone = { person: false }
  const ended = ['LoginReturned', 'LoginVerified', 'SessionSet', 'HeaderBytes']
  each<readonly [found: unknown, expected: unknown]>('is what it came to, for people alone', [
    [counted('login', 302), ['LoginStarted', 'HeaderBytes']],
    [counted('org-login', 400, 'bad_query'), [['LoginFailed', 'HeaderBytes'], ...failedBy('bad_query')]],
    [counted('callback', 302, 'session_set'), ended],
    [counted('callback', 302, 'login_repeated'), ['LoginReturned', 'HeaderBytes']],
    [
      counted('callback', 401, 'token_too_large'),
      [['LoginReturned', 'LoginVerified', 'LoginFailed', 'HeaderBytes'], ...failedBy('token_too_large')],
    ],
    [
      counted('callback', 401, 'token_expired'),
      [['LoginReturned', 'LoginFailed', 'HeaderBytes'], ...failedBy('token_expired')],
    ],
    // Prefetches, embeds, link scanners and crawlers.
    [counted('login', 401, 'not_a_navigation'), []],
    [counted('callback', 401, 'not_a_navigation'), []],
    [counted('login', 302, 'ok', alone), []],
    [counted('org-login', 403, 'organisation_unknown', alone), []],
    [counted('callback', 400, 'bad_query', alone), []],
    // A session that begins counts, whoever says so little of themselves.
    [counted('callback', 302, 'session_set', alone), ended],
    [counted('login', 302, 'login_elsewhere'), []],
    [counted('token-is-set', 200), []],
    [counted('token-is-set', 401, 'token_missing'), ['PollRefused']],
    [counted('token-is-set', 503, 'table_unavailable'), ['PollUnknown']],
    [counted('units', 200), []],
    [counted('unit', 400, 'bad_body'), []],
    [counted('health', 500, 'unhealthy'), []],
  ])(([found, expected]) => deepEqual(found, expected))

  it('has every step of a login in every line, so that one can be compared with another', () => {
    const outcome = { code: 'ok', refused: false, cookieBytes: 7, person: true }
    for (const route of ['login', 'org-login', 'callback'] as const)
      for (const status of [302, 503])
        deepEqual(
          Object.keys(requestMetrics('n', { ...outcome, route, status }, 0)).filter((name) =>
            steps.includes(name),
          ),
          steps,
        )
    const poll = requestMetrics('n', { ...outcome, route: 'token-is-set', status: 401 }, 0)
    deepEqual([poll.PollRefused, poll.PollUnknown], [1, 0])
  })
})

describe('a refusal', () => {
  each('is counted by the code of its line and its answer', [
    ['login', { query: 'org=demo&callback=//elsewhere' }, 'return_url_not_allowed'],
    ['callback', { query: 'imid_token=x&serviceCallback=/' }, 'login_not_from_this_browser'],
  ])(async ([name, request, code]) => {
    const line = await lineOf(name, { ...request, headers: { ...headers, ...asProblem } })
    deepEqual([line.LoginFailed, line.code, line.Code], [1, code, code])
  })

  it('of what no person did rings no login alarm', async () => {
    const scanned = { query: 'org=nobody&callback=/' }
    for (const request of [
      scanned,
      { ...scanned, headers: { ...navigation, 'sec-purpose': 'prefetch' }, cookies: ['a=1'] },
      { ...scanned, headers: { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' } },
    ])
      equal((await lineOf('login', request))._aws, undefined)
    for (const request of [
      { ...scanned, headers },
      { ...scanned, cookies: ['a=1'] },
    ])
      equal((await lineOf('login', request)).LoginFailed, 1)
  })
})

describe('LOGIN_BINDING=off is loud', () => {
  const unbound = { LOGIN_BINDING: 'off' }
  each('in every line of a login, and nowhere else', [
    ['login', start],
    ['login', { query: 'org=demo&callback=//elsewhere', headers }],
    ['org-login', { path: { org: 'demo' }, query: 'callback=/', headers }],
    ['callback', callback],
    ['callback', { query: 'imid_token=x&serviceCallback=/', headers }],
  ])(async ([name, request]) => {
    equal((await lineOf(name, request, instance(unbound))).binding, 'off')
    ok(!('binding' in (await lineOf(name, request))))
    ok(!('binding' in (await lineOf('token-is-set', {}, instance(unbound)))))
  })
})
