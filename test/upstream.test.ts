import { deepEqual, equal, rejects } from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { after, beforeEach, describe, it, mock } from 'node:test'
import { upstreamOf } from '../lib/refresh/upstream.ts'
import { each } from './support/each.ts'
import { listening } from './support/ports.ts'

/** The responses of the stub server in turn (the last one repeats), and its requests. */
type Say = (response: ServerResponse) => void
let says: Say[] = []
const asked: { what: string; authorization: unknown; accept: unknown; type: unknown }[] = []

const server = createServer(async (request, response) => {
  let body = ''
  for await (const piece of request) body += piece
  const { authorization, accept, 'content-type': type } = request.headers
  asked.push({ what: `${request.method} ${request.url} ${body}`.trim(), authorization, accept, type })
  const say = says.length > 1 ? says.shift() : says[0]
  say?.(response)
})
const { port, close } = await listening(server)
after(close)
const url = `http://127.0.0.1:${port}`

const text =
  (body: string, status = 200): Say =>
  (response) =>
    response.writeHead(status).end(body)
const json = (value: unknown, status = 200): Say => text(JSON.stringify(value), status)
const cut: Say = (response) => response.destroy()
const endless: Say = (response) => {
  const writing = setInterval(() => response.write('x'.repeat(100_000)), 1)
  response.once('close', () => clearInterval(writing))
}
const token = (more: object = {}): Say => json({ access_token: 'a.b-c_d~e+f/g=', expires_in: 300, ...more })

let now = 1000
const opened = (more: { adminApiUrl?: undefined } = {}) =>
  upstreamOf(
    { imasUrl: url, adminApiUrl: url, accessTokenUrl: url, ...more },
    async () => ({ id: 'gateway', secret: 'canary' }),
    () => now,
  )
const tokensAsked = () => asked.filter(({ what }) => what.startsWith('POST')).length
const reset = () => {
  asked.length = 0
  says = []
  now = 1000
}
beforeEach(reset)

describe('The key set', () => {
  it('is fetched without credentials and returned unchanged, up to a megabyte', async () => {
    const whole = 'x'.repeat(999_998)
    says = [json(whole)]
    equal(await opened().keySet(), whole)
    const headers = { authorization: undefined, accept: 'application/json', type: undefined }
    deepEqual(asked, [{ what: 'GET /v1/jwks', ...headers }])
  })

  each<readonly [message: string, calls: number, say: Say]>(
    'fails on a malformed response, and is retried once only when the failure is transient',
    [
      ['no connection', 2, cut],
      ['status 500', 2, json('x', 500)],
      ['status 404', 1, json('x', 404)],
      ['no connection', 2, (response) => response.writeHead(302, { location: url }).end()],
      ['not JSON', 1, text('<html>')],
      ['not JSON', 1, text('', 204)],
      ['answer too large', 1, json('x'.repeat(999_999))],
      ['answer too large', 1, endless],
    ],
  )(async ([message, calls, say]) => {
    reset()
    says = [say]
    await rejects(opened().keySet(), { name: 'UpstreamError', message: `key set: ${message}` })
    equal(asked.length, calls)
  })

  it('is retried after a transient failure, unless the caller wants one attempt', async () => {
    says = [cut, json({ keys: [] })]
    deepEqual(await opened().keySet(), { keys: [] })
    says = [cut]
    await rejects(opened().keySet({ once: true }), { message: 'key set: no connection', transient: true })
    equal(asked.length, 3)
  })
})

describe('A list of the Admin API', () => {
  it('is fetched with an access token, and may be larger than a key set', async () => {
    const long = ['x'.repeat(2_000_000)]
    says = [token(), json([1]), json(long)]
    const { list, hasAdmin } = opened()
    equal(hasAdmin, true)
    deepEqual([await list('units.list', 'a/b'), await list('roles.list')], [[1], long])
    const grant = '{"grant_type":"client_credentials","client_id":"gateway","client_secret":"canary"}'
    const accept = 'application/json'
    const get = { authorization: 'Bearer a.b-c_d~e+f/g=', accept, type: undefined }
    deepEqual(asked, [
      { what: `POST /v1/token ${grant}`, authorization: undefined, accept, type: accept },
      { what: 'GET /v1/units.list?organizationId=a%2Fb', ...get },
      { what: 'GET /v1/roles.list', ...get },
    ])
  })

  it('is not fetched when ADMIN_API_URL is unset or the access token is refused', async () => {
    equal(opened({ adminApiUrl: undefined }).hasAdmin, false)
    says = [json('x', 400)]
    await rejects(opened().list('roles.list'), { message: 'access token: status 400' })
  })

  each('reuses its access token until 30 s before it expires, by default after five minutes', [
    [{ expires_in: 60 }, 30],
    [{ expires_in: 'long' }, 270],
  ])(async ([more, lifetime]) => {
    reset()
    says = [token(more), json([])]
    const { list } = opened()
    await Promise.all(['a', 'b', 'c'].map((id) => list('units.list', id)))
    now += lifetime - 1
    await list('roles.list')
    equal(tokensAsked(), 1)
    now += 1
    says = [token({ access_token: 'next' }), json([])]
    await list('roles.list')
    deepEqual([tokensAsked(), asked.at(-1)?.authorization], [2, 'Bearer next'])
  })

  each(
    'uses a new access token after a 401 or 403, but not after other errors',
    [401, 403],
  )(async (status) => {
    reset()
    says = [token(), json('no', 404), json([]), json('no', status), token({ access_token: 'next' }), json([])]
    const { list } = opened()
    await rejects(list('units.list', 'one'), { message: 'units.list: status 404' })
    deepEqual([await list('units.list', 'other'), tokensAsked()], [[], 1])
    await rejects(list('roles.list'), { message: `roles.list: status ${status}`, transient: false })
    deepEqual(await list('roles.list'), [])
    equal(asked.at(-1)?.authorization, 'Bearer next')
  })

  each('is not fetched when the token response contains no usable token', [
    ...[{}, { access_token: 5 }, { access_token: '' }, { access_token: 'a\r\nb' }, null],
  ])(async (answer) => {
    reset()
    says = [json(answer)]
    const message = 'access token: none in the answer'
    await rejects(opened().list('roles.list'), { message, transient: false })
    equal(asked.length, 1)
  })
})

describe('A call', () => {
  it('is not sent when the time of the run is over', async () => {
    const signal = AbortSignal.abort(new DOMException('over', 'TimeoutError'))
    says = [token(), json([])]
    const { list, keySet } = opened()
    await rejects(list('units.list', 'a', signal), { message: 'access token: no answer in time' })
    await list('roles.list')
    await rejects(list('units.list', 'a', signal), { message: 'units.list: no answer in time' })
    await rejects(keySet({ signal }), { message: 'key set: no answer in time' })
  })

  it('is aborted without a retry when the time of the run or its own timeout is over', {
    timeout: 10_000,
  }, async () => {
    const run = new AbortController()
    says = [() => run.abort()]
    await rejects(opened().keySet({ signal: run.signal }), { message: 'key set: no connection' })
    mock.timers.enable({ apis: ['setTimeout'] })
    const silent: Say = () => mock.timers.tick(5000)
    const unfinished: Say = (response) => {
      response.write('{')
      const soon = setInterval(() => {
        clearInterval(soon)
        mock.timers.tick(5000)
      }, 50)
    }
    for (const say of [silent, unfinished]) {
      says = [say]
      await rejects(opened().keySet(), { message: 'key set: no answer in time' })
    }
    mock.timers.reset()
    equal(asked.length, 3)
  })
})
