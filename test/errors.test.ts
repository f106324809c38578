import { deepEqual, equal, match, ok, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { en } from '../lib/errors/en.ts'
import { type Answer, type Facts, granted } from '../lib/http/messages.ts'
import { endpoint, type Handle, served } from '../lib/lambda/endpoint.ts'
import { answers, type Code, catalogue, codeOf as codeOfError, Problem, row } from '../lib/problem.ts'
import { type HttpRouteName, type Route, routes } from '../lib/routes.ts'
import { each } from './support/each.ts'
import { asProblem, codeOf, eventOf, navigation, openGateway, publicUrl } from './support/gateway.ts'
import { writtenBy } from './support/standard-output.ts'

const gateway = await openGateway()
const { logs } = gateway
const context = { getRemainingTimeInMillis: () => 5000 } as never

/** A route that fails in this way, after it has learned these facts. */
const failing = (error: unknown, name: HttpRouteName = 'token-is-set', facts: Partial<Facts> = {}) => {
  const fail: Handle = (request) => {
    Object.assign(request.facts, facts)
    return Promise.reject(error)
  }
  const handler = endpoint(name, fail, gateway.instance({}, 'invented'))
  return (headers: Record<string, string> = {}) =>
    handler(
      eventOf(name, { body: '{}', headers: { 'content-type': 'application/json', ...headers } }),
      context,
    )
}

describe('A failure', () => {
  const cors = { 'sec-fetch-mode': 'cors' }
  each('is answered in the media type that the request prefers', [
    ['application/json', {}],
    // A script, also one that would take HTML.
    ['application/json', { accept: '*/*', ...cors }],
    ['application/json', { accept: 'text/html', ...cors }],
    ['application/problem+json', { accept: 'application/problem+json' }],
    ['application/problem+json', { accept: 'application/json;q=0.5, application/problem+json;q=0.1' }],
    ['application/json', { accept: 'application/problem+json;q=0' }],
    ['text/html', navigation],
    // An old browser, and somebody who likes JSON better.
    ['text/html', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }],
    ['application/json', { accept: 'text/html;q=0.5, application/json' }],
  ])(async ([type, headers]) => {
    const { headers: answered } = await failing(new Problem('token_expired'))({ ...headers })
    equal(answered['content-type'], `${type}; charset=utf-8`)
  })

  each(
    'is answered as key, problem document and page, for every code',
    Object.keys(catalogue) as Code[],
  )(async (code) => {
    const fail = failing(new Problem(code), 'login')
    const { status, key } = answers[row(code).answer]

    const plain = await fail()
    deepEqual([plain.statusCode, plain.body], [status, `"${key}"`])

    const problem = await fail(asProblem)
    const { instance, ...document } = JSON.parse(problem.body ?? '')
    const type = `urn:imsg-service:problem:${code}`
    deepEqual(document, { type, title: en.failures[code].title, status, key, code })
    equal(problem.statusCode, status)
    match(instance, /^request-\d+$/)

    const page = await fail(navigation)
    equal(page.statusCode, status)
    ok(page.body?.includes(`<code>${code}</code>`) && page.body.includes('<h1>'))
    ok(!/<script|https?:\/\//.test(page.body ?? ''), 'no script, nothing from elsewhere')
    const line = logs.at(-1)
    deepEqual([line?.code, line?.level, line?.status], [code, row(code).level, status])
  })

  it('is answered 401 or 403 without a session, as the route documents', async () => {
    for (const name of ['units', 'unit'] as const)
      equal((await failing(new Problem('token_expired'), name)()).statusCode, 403)
    equal((await failing(new Problem('token_expired'))()).statusCode, 401)
    equal((await failing(new Problem('table_unavailable'), 'units')()).statusCode, 503)
  })

  it('is not changed by the body parser', async () => {
    equal((await failing(new Problem('table_unavailable'), 'unit')()).statusCode, 503)
    equal((await failing(new SyntaxError('not of the body'), 'unit')()).statusCode, 500)
  })

  it('reveals nothing about an unexpected error to the client, and only names in the log', async () => {
    const cause = Object.assign(new Error('canary-cause'), { code: 'EFOO' })
    const fail = failing(new TypeError('canary-detail', { cause }))
    for (const headers of [{}, asProblem, navigation]) {
      const answer = await fail(headers)
      equal(answer.statusCode, 500)
      ok(!JSON.stringify(answer).includes('canary'))
    }
    equal((await fail()).body, '"errors.api.InternalServerError"')
    const { level, code, cause: told } = logs.at(-1) ?? {}
    deepEqual([level, code, told], ['error', 'internal', 'TypeError < Error EFOO'])
  })

  it('is a 503 shortly before the timeout of Lambda', async () => {
    const handler = endpoint('token-is-set', () => new Promise(() => {}), gateway.instance())
    const soon = { getRemainingTimeInMillis: () => 300 } as never
    const answer = await handler(eventOf('token-is-set', {}), soon)
    deepEqual([answer.statusCode, answer.body], [503, '"errors.api.ServiceUnavailable"'])
    equal(logs.at(-1)?.cause, 'out of time')
  })

  it('has the code internal unless the catalogue lists its code', () => {
    const errors = [new Problem('bad_body'), new Error('bad_body'), undefined]
    deepEqual(errors.map(codeOfError), ['bad_body', 'internal', 'internal'])
  })
})

describe('The login link on an error page', () => {
  const v1 = `${publicUrl}/imsg-service/v1`
  const headers = { ...navigation, 'sec-fetch-site': 'same-origin' }

  each<readonly [HttpRouteName, Partial<Facts>, Error, string, string]>(
    'leads back to where the person was going',
    [
      ['login', { login: { org: 'demo', callback: '/a' } }, new Problem('login_loop'), '/a', 'Sign in again'],
      // After a failure of ours nothing is read: the login itself checks its return URL.
      [
        'login',
        { login: { org: 'demo', callback: 'https://any.test/' } },
        new Error(),
        'https://any.test/',
        'Try again',
      ],
      ['units', { claimedOrg: 'demo' }, new Problem('table_unavailable'), `${v1}/units`, 'Try again'],
      [
        'token-is-set',
        { claimedOrg: 'demo' },
        new Problem('token_expired'),
        `${v1}/token-is-set`,
        'Sign in again',
      ],
      ['unit', { claimedOrg: 'demo' }, new Problem('token_expired'), `${v1}/units`, 'Sign in again'],
    ],
  )(async ([name, facts, error, callback, label]) => {
    const { body } = await failing(error, name, facts)(headers)
    const login = `${v1}/org/demo/login?callback=${encodeURIComponent(callback)}`
    ok(body?.includes(`href="${login}">${label}</a>`), body)
  })

  it('is looked up only when it would be shown', async () => {
    const facts = { login: { org: 'demo', callback: 'https://app.example.test/' } }
    const reads = async (code: Code, headers: Record<string, string>) => {
      gateway.front.reset()
      await failing(new Problem(code), 'login', facts)(headers)
      return gateway.front.calls.read
    }
    equal(await reads('login_loop', headers), 1)
    equal(await reads('login_loop', {}), 0, 'a key has no place for it')
    equal(await reads('organisation_blocked', headers), 0, 'it would not help')
  })
})

describe('A function with invalid settings', () => {
  it('answers 500, and logs the name of every invalid setting and no value', async () => {
    const settings = { PUBLIC_URL: 'http://canary.example', COOKIE_NAME: 'canary name' }
    const handler = served(() => Promise.reject(new Error('not reached')) as never, settings)
    let answer = {} as Answer
    const [text = '', ...more] = await writtenBy(async () => {
      answer = await handler(eventOf('token-is-set', {}), context)
    })
    deepEqual(more, [])
    const { 'cache-control': cache, 'strict-transport-security': transport } = answer.headers
    deepEqual([answer.statusCode, answer.body], [500, '"errors.api.InternalServerError"'])
    deepEqual([cache, transport], ['no-store', 'max-age=31536000'])
    equal(answer.headers['x-content-type-options'], 'nosniff')
    equal(codeOf(await handler(eventOf('token-is-set', { headers: asProblem }), context)), 'internal')
    const { problems, time, ...line } = JSON.parse(text)
    deepEqual(line, { level: 'error', code: 'internal', cause: 'settings' })
    match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    deepEqual(
      problems.map((problem: string) => problem.split(' ')[0]),
      ['PUBLIC_URL', 'IMAS_URL', 'COOKIE_NAME', 'TOKEN_ISSUER', 'TOKEN_AUDIENCE'],
    )
    ok(!text.includes('canary'))
  })

  each('counts polls as unknown, and logins as failed', [
    ['token-is-set', 'imsg-service-blue', { PollUnknown: 1, PollRefused: 0 }],
    ['login', undefined, { LoginFailed: 1, LoginStarted: 0, Code: 'internal' }],
  ])(async ([name, namespace, metrics]) => {
    const wire = () => Promise.reject(new Error('not reached')) as never
    const handler = served(wire, { METRICS_NAMESPACE: namespace }, name)
    const [text = ''] = await writtenBy(() => handler(eventOf(name, {}), context))
    const { route, _aws, ...line } = JSON.parse(text)
    deepEqual([route, _aws.CloudWatchMetrics[0].Namespace], [name, namespace ?? 'imsg-service'])
    deepEqual({ ...line, ...metrics }, line)
  })
})

it('A function throws at its start when it fails for another reason than invalid settings', () => {
  const good = {
    PUBLIC_URL: publicUrl,
    IMAS_URL: 'https://imas.example.test',
    TOKEN_ISSUER: 'unchecked',
    TOKEN_AUDIENCE: 'unchecked',
    TABLE_NAME: 'table',
  }
  const wire = () => {
    throw new RangeError('no setting')
  }
  throws(() => served(wire, good), RangeError)
})

it('A success is logged at the level of its route, and at info if it has a code', async () => {
  const levels: unknown[] = []
  for (const [name, code] of [
    ['token-is-set'],
    ['token-is-set', 'seen'],
    ['units'],
    ['units', 'seen'],
  ] as const) {
    const handle: Handle = async ({ facts }) => {
      if (code !== undefined) facts.code = code
      return granted({})
    }
    await endpoint(name, handle, gateway.instance())(eventOf(name, {}), context)
    levels.push(logs.at(-1)?.level)
  }
  deepEqual(levels, ['debug', 'info', 'info', 'info'])
})

describe('The headers of an answer', () => {
  const names = (headers: Record<string, string>) => Object.keys(headers).toSorted()

  it('are the same over plain http on this machine, without HSTS', async () => {
    const local = gateway.instance({ PUBLIC_URL: 'http://localhost:3000' })
    const [there, here] = [await gateway.open('token-is-set', local), await gateway.open('token-is-set')]
    const [plain, secure] = [(await there()).headers, (await here()).headers]
    deepEqual(names({ ...plain, 'strict-transport-security': '' }), names(secure))
    equal(plain['strict-transport-security'], undefined)
  })

  each('have the policies of a page, of JSON, or of a redirect that a popup may follow', [
    ['content-security-policy cross-origin-opener-policy', 'token-is-set', { headers: navigation }],
    ['cross-origin-resource-policy', 'token-is-set', { headers: asProblem }],
    ['cross-origin-resource-policy', 'token-is-set', {}],
    ['', 'login', { query: 'org=demo&callback=/' }],
  ])(async ([policies, name, request]) => {
    const { headers } = await gateway.call(name, request)
    equal(
      names(headers)
        .filter((header) => /^c\S+-policy$/.test(header))
        .join(' '),
      policies,
    )
  })
})

it('Every code of the catalogue is declared by a route, except internal', () => {
  const declared = new Set(Object.values<Route>(routes).flatMap(({ problems }) => [...problems]))
  const rest = Object.keys(catalogue).filter((code) => !declared.has(code as Code))
  deepEqual(rest, ['internal'])
})
