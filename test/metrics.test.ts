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
    deepEqual(
      [line.code, namesIn(line), line.HeaderBytes],
      [
        'session_set',
        ['LoginReturned', 'LoginVerified', 'SessionSet', 'HeaderBytes'],
        pair.length + 2 + 3 + 2,
      ],
    )
    deepEqual([line.LoginReturned, line.LoginVerified, line.SessionSet], [1, 1, 1])
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
    const line = requestMetrics(
      'n',
      { route, status, code, refused: status >= 400, cookieBytes: 7, unbound: false, person: true, ...more },
      1000,
    ) as {
      _aws?: { Timestamp: number; CloudWatchMetrics: { Metrics: { Name: string; Unit: string }[] }[] }
    }
    const [set] = line._aws?.CloudWatchMetrics ?? []
    return Object.fromEntries(
      (set?.Metrics ?? []).map(({ Name, Unit }) => [
        Name,
        `${(line as Record<string, unknown>)[Name]} ${Unit}`,
      ]),
    )
  }
  const size = { HeaderBytes: '7 Bytes' }
  const returned = { LoginReturned: '1 Count' }
  each('says how many of the organisations answer', [
    ['a login that begins', counted('login', 302), { LoginStarted: '1 Count', ...size }],
    ['a login that does not', counted('org-login', 400, 'bad_query'), { LoginFailed: '1 Count', ...size }],
    [
      'a login that nothing ties to its browser',
      counted('login', 302, 'ok', { unbound: true }),
      { LoginStarted: '1 Count', LoginUnbound: '1 Count', ...size },
    ],
    [
      'a session that begins',
      counted('callback', 302, 'session_set'),
      { ...returned, LoginVerified: '1 Count', SessionSet: '1 Count', ...size },
    ],
    ['a callback that is reloaded', counted('callback', 302, 'login_repeated'), { ...returned, ...size }],
    [
      'a token that fits no cookie',
      counted('callback', 401, 'token_too_large'),
      { ...returned, LoginVerified: '1 Count', LoginFailed: '1 Count', ...size },
    ],
    [
      'a token that is refused',
      counted('callback', 401, 'token_expired'),
      { ...returned, LoginFailed: '1 Count', ...size },
    ],
    ['a prefetch or an embed', counted('login', 401, 'not_a_navigation', { unbound: true }), {}],
    ['an embed that comes back', counted('callback', 401, 'not_a_navigation'), {}],
    ['a link scanner', counted('login', 302, 'ok', { person: false }), {}],
    [
      'a link scanner that is refused',
      counted('org-login', 403, 'organisation_unknown', { person: false }),
      {},
    ],
    ['a crawler', counted('callback', 400, 'bad_query', { person: false }), {}],
    [
      'a session that begins, whoever says so little of themselves',
      counted('callback', 302, 'session_set', { person: false }),
      { ...returned, LoginVerified: '1 Count', SessionSet: '1 Count', ...size },
    ],
    ['a login that goes to PUBLIC_URL first', counted('login', 302, 'login_elsewhere'), {}],
    ['a good poll', counted('token-is-set', 200), { PollGood: '1 Count' }],
    ['a poll of nobody', counted('token-is-set', 401, 'token_missing'), { PollRefused: '1 Count' }],
    [
      'a poll that cannot be answered',
      counted('token-is-set', 503, 'table_unavailable'),
      { PollUnknown: '1 Count' },
    ],
    ['units', counted('units', 200), {}],
    ['a logout that goes on', counted('logout', 303), {}],
    ['a choice that is refused', counted('unit', 400, 'bad_body'), { Refused: '1 Count' }],
    ['a gateway that is not well', counted('health', 500, 'unhealthy'), { Refused: '1 Count' }],
  ])(([, found, expected]) => deepEqual(found, expected))
})

describe('a refusal', () => {
  const unsigned = { query: 'imid_token=x&serviceCallback=/', headers }
  const foreign = { headers: { origin: 'https://evil.test', 'content-type': 'application/json' }, body: '{}' }
  each('count a refusal by the code of its line and its answer', [
    ['login', { query: 'org=demo&callback=//elsewhere', headers }, 'LoginFailed', 'return_url_not_allowed'],
    ['callback', unsigned, 'LoginFailed', 'login_not_from_this_browser'],
    ['token-is-set', {}, 'PollRefused', 'token_missing'],
    ['units', { bearer: 'x' }, 'Refused', 'token_malformed'],
    ['unit', foreign, 'Refused', 'foreign_origin'],
    ['logout', foreign, 'Refused', 'foreign_origin'],
  ])(async ([name, request, metric, code]) => {
    const line = await lineOf(name, { ...request, headers: { ...asProblem, ...Object(request).headers } })
    deepEqual(
      [line[metric], line.code, line.Code, line._aws?.CloudWatchMetrics[0]?.Dimensions],
      [1, code, code, [[], ['Code']]],
    )
    ok(namesIn(line)?.includes(metric))
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

  it('of health says that the gateway is not well', async () => {
    const on = { ...instance(), table: { ...gateway.table, read: async () => new Map() } }
    const { code, status, Refused, Code } = await lineOf('health', {}, on)
    deepEqual([code, status, Refused, Code], ['unhealthy', 500, 1, 'unhealthy'])
  })

  it('is what is counted by code, and nothing else', async () => {
    for (const [name, request] of [
      ['login', start],
      ['token-is-set', { bearer: await token() }],
    ] as const) {
      const line = await lineOf(name, request)
      deepEqual([line.Code, line._aws?.CloudWatchMetrics[0]?.Dimensions], [undefined, [[]]])
    }
    for (const name of ['units', 'health'] as const) {
      const { code, _aws } = await lineOf(name, { bearer: await token() })
      deepEqual([code, _aws], ['ok', undefined])
    }
  })
})

describe('LOGIN_BINDING=off is loud', () => {
  const unbound = { LOGIN_BINDING: 'off' }
  each('say in every line that logins are not bound', [
    ['login', start],
    ['login', { query: 'org=demo&callback=//elsewhere', headers }],
    ['org-login', { path: { org: 'demo' }, query: 'callback=/', headers }],
    ['callback', callback],
    ['callback', { query: 'imid_token=x&serviceCallback=/', headers }],
  ])(async ([name, request]) => {
    const off = await lineOf(name, request, instance(unbound))
    equal(off.binding, 'off')
    equal(off.LoginUnbound, 1)
    ok(namesIn(off)?.includes('LoginUnbound'))

    const on = await lineOf(name, request)
    ok(!('binding' in on) && !namesIn(on)?.includes('LoginUnbound'))
  })

  it('and nowhere else', async () => {
    const line = await lineOf('token-is-set', { bearer: await token() }, instance(unbound))
    ok(!('binding' in line))
    deepEqual(namesIn(line), ['PollGood'])
  })
})
