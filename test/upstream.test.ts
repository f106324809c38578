import { deepEqual, equal, rejects } from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { after, beforeEach, describe, it, mock } from 'node:test'
import { upstreamOf } from '../lib/refresh/upstream.ts'
import { each } from './support/each.ts'
import { listening } from './support/ports.ts'

/** What a test makes the systems upstream answer, call by call, and what they were asked. */
type Say = (response: ServerResponse, request: IncomingMessage) => void
let says: Say[] = []
/** Method, path and body; and the headers that matter. */
const asked: { what: string; authorization: unknown; accept: unknown; type: unknown }[] = []

const server = createServer(async (request, response) => {
  let body = ''
  for await (const piece of request) body += piece
  const { authorization, accept, 'content-type': type } = request.headers
  asked.push({ what: `${request.method} ${request.url} ${body}`.trim(), authorization, accept, type })
  const say = says.length > 1 ? says.shift() : says[0]
  say?.(response, request)
})
const { port, close } = await listening(server)
after(close)
const url = `http://127.0.0.1:${port}`

const json =
  (value: unknown, status = 200): Say =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
const cut: Say = (response) => response.destroy()
const saying =
  (text: string): Say =>
  (response) =>
    response.end(text)
const token = (more: object = {}): Say => json({ access_token: 'a.b-c_d~e+f/g=', expires_in: 300, ...more })

let now = 1000
const made = (adminApiUrl: string | undefined = url) =>
  upstreamOf(
    { imasUrl: url, adminApiUrl, accessTokenUrl: url },
    async () => ({ id: 'gateway', secret: 'canary' }),
    () => now,
  )
const timesTokenAsked = () => asked.filter(({ what }) => what.startsWith('POST')).length

beforeEach(() => {
  asked.length = 0
  says = []
  now = 1000
})

describe('The key set', () => {
  it('is asked for, and comes as it is', async () => {
    says = [json({ keys: [] })]
    deepEqual(await made().keySet(), { keys: [] })
    const question = { authorization: undefined, accept: 'application/json', type: undefined }
    deepEqual(asked, [{ what: 'GET /v1/jwks', ...question }])
  })

  each<readonly [message: string, calls: number, say: Say]>(
    'is not had from an answer that makes no sense, and asked for once more only when that may help',
    [
      ['no connection', 2, cut],
      ['status 500', 2, json('x', 500)],
      ['status 404', 1, json('x', 404)],
      ['no connection', 2, (response) => response.writeHead(302, { location: url }).end()],
      ['not JSON', 1, saying('<html>')],
      ['not JSON', 1, (response) => response.writeHead(204).end()],
      ['answer too large', 1, saying(`"${'x'.repeat(1_000_000)}"`)],
    ],
  )(async ([message, calls, say]) => {
    asked.length = 0
    says = [say]
    await rejects(made().keySet(), { name: 'UpstreamError', message: `key set: ${message}` })
    equal(asked.length, calls)
  })

  it('may have a megabyte', async () => {
    const whole = 'x'.repeat(999_998)
    says = [json(whole)]
    equal(await made().keySet(), whole)
  })

  it('is had at the second try, unless nobody may ask twice', async () => {
    says = [cut, json({ keys: [] })]
    deepEqual(await made().keySet(), { keys: [] })
    says = [cut]
    await rejects(made().keySet({ once: true }), { message: 'key set: no connection', transient: true })
    equal(asked.length, 3)
  })
})

describe('A list of the Admin API', () => {
  it('is asked for in JSON with an access token, which serves until half a minute before it runs out', async () => {
    says = [token(), json([1]), json([2]), json([3]), token({ access_token: 'next' }), json([4])]
    const { list, hasAdmin } = made()
    equal(hasAdmin, true)
    deepEqual([await list('units.list', 'a/b'), await list('roles.list')], [[1], [2]])
    now += 269
    deepEqual(await list('roles.list'), [3])
    now += 1
    deepEqual(await list('roles.list'), [4])
    const grant = '{"grant_type":"client_credentials","client_id":"gateway","client_secret":"canary"}'
    const accept = 'application/json'
    const post = { what: `POST /v1/token ${grant}`, authorization: undefined, accept, type: accept }
    const get = (what: string, bearer = 'a.b-c_d~e+f/g=') => ({
      what: `GET /v1/${what}`,
      authorization: `Bearer ${bearer}`,
      accept,
      type: undefined,
    })
    deepEqual(asked, [
      ...[post, get('units.list?organizationId=a%2Fb'), get('roles.list'), get('roles.list')],
      ...[post, get('roles.list', 'next')],
    ])
  })

  it('is not asked for where there is no Admin API, nor without a token', async () => {
    const none = { imasUrl: url, adminApiUrl: undefined, accessTokenUrl: url }
    const credentials = async () => ({ id: '', secret: '' })
    equal(upstreamOf(none, credentials, () => now).hasAdmin, false)
    says = [json('x', 400)]
    await rejects(made().list('roles.list'), { message: 'access token: status 400' })
  })

  each(
    'is asked for with a new token after a refusal, unless it was not of the token',
    [401, 403],
  )(async (status) => {
    asked.length = 0
    says = [token(), json('no', 404), json([]), json('no', status), token({ access_token: 'next' }), json([])]
    const { list } = made()
    await rejects(list('units.list', 'one'), { message: 'units.list: status 404' })
    deepEqual([await list('units.list', 'other'), timesTokenAsked()], [[], 1])
    await rejects(list('roles.list'), { message: `roles.list: status ${status}`, transient: false })
    deepEqual(await list('roles.list'), [])
    equal(asked.at(-1)?.authorization, 'Bearer next')
  })

  it('is asked for with one token, however many are asked for at once', async () => {
    says = [token(), json([])]
    const { list } = made()
    await Promise.all(['a', 'b', 'c'].map((id) => list('units.list', id)))
    equal(timesTokenAsked(), 1)
  })

  it('is given up when whoever asks has no more time, as its token and the keys are', async () => {
    const signal = AbortSignal.abort(new DOMException('over', 'TimeoutError'))
    says = [token(), json([])]
    const { list, keySet } = made()
    await rejects(list('units.list', 'a', signal), { message: 'access token: no answer in time' })
    await list('roles.list')
    await rejects(list('units.list', 'a', signal), { message: 'units.list: no answer in time' })
    await rejects(keySet({ signal }), { message: 'key set: no answer in time' })
  })

  it('is given up on the way, and asked for no more, when that time or its own is over', async () => {
    const run = new AbortController()
    says = [() => run.abort()]
    await rejects(made().keySet({ signal: run.signal }), { message: 'key set: no connection' })
    mock.timers.enable({ apis: ['setTimeout'] })
    says = [() => mock.timers.tick(5000)]
    await rejects(made().keySet(), { message: 'key set: no answer in time' })
    mock.timers.reset()
    equal(asked.length, 2)
  })

  it('takes a token that does not say how long it lives for one of five minutes', async () => {
    says = [token({ expires_in: 'long' }), json([]), json([]), token(), json([])]
    const { list } = made()
    await list('roles.list')
    now += 269
    await list('roles.list')
    equal(timesTokenAsked(), 1)
    now += 1
    await list('roles.list')
    equal(timesTokenAsked(), 2)
  })

  each('is not asked for when no token can be had', [
    ...[{}, { access_token: 5 }, { access_token: '' }, { access_token: 'a\r\nb' }, null],
  ])(async (answer) => {
    asked.length = 0
    says = [json(answer)]
    const message = 'access token: none in the answer'
    await rejects(made().list('roles.list'), { message, transient: false })
    equal(asked.length, 1)
  })

  it('may be larger than a key set', async () => {
    const long = ['x'.repeat(2_000_000)]
    says = [token(), json(long)]
    deepEqual(await made().list('roles.list'), long)
  })
})
