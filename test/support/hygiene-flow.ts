import { equal } from 'node:assert/strict'
import { after } from 'node:test'
import { refreshState } from '../../functions/refresh-state/handler.ts'
import type { Answer } from '../../lib/http/messages.ts'
import { Problem } from '../../lib/problem.ts'
import { scheduled } from '../../lib/refresh/scheduled.ts'
import { stateWriter } from '../../lib/refresh/state-writer.ts'
import { upstreamOf } from '../../lib/refresh/upstream.ts'
import type { HttpRouteName } from '../../lib/routes.ts'
import {
  browser,
  context,
  fromOurPage,
  navigation,
  openGateway,
  type Request,
  type Settings,
} from './gateway.ts'

export const clientSecret = 'canary-client-secret'
export const userinfo = {
  given_name: 'canary-given-name',
  family_name: 'canary-family-name',
  email: 'canary-person@example.test',
  picture: 'https://pictures.example.test/canary-picture.png',
}
const canaries = { userinfo, groups: ['north-desk', 'canary-group'], extra: 'canary-unknown-claim' }

export type Heard = { name: string; answer: Answer }
const forms: readonly Record<string, string>[] = [
  { accept: 'application/problem+json' },
  { accept: 'text/html' },
  { accept: '*/*' },
  { ...navigation, accept: 'text/html,*/*;q=0.8', 'accept-language': 'sv' },
]

/** The whole flow, its failures and its faults, with the log at its most talkative; everything that leaves the gateway is kept. */
export const everythingSaid = async () => {
  const gateway = await openGateway({ LOG_LEVEL: 'debug' })

  /** Whatever is said beside the log proper. */
  const spoken: string[] = []
  for (const voice of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    const own = console[voice]
    console[voice] = (...words: unknown[]) => {
      spoken.push(words.map(String).join(' '))
    }
    after(() => {
      console[voice] = own
    })
  }

  const heard: Heard[] = []
  /** The proofs of all logins, each of which may stand in the redirect that begins it. */
  const proofs = new Set<string>()
  const sessions = new Set<string>()

  /** Asks and keeps the answer; in each of the forms that a refusal may take. */
  const ask = async (name: HttpRouteName, request: Request = {}, settings?: Settings): Promise<Answer> => {
    const call = await gateway.open(name, gateway.instance(settings))
    const answers: Answer[] = []
    for (const form of forms)
      answers.push(await call({ ...request, headers: { ...form, ...request.headers } }))
    heard.push(...answers.map((answer) => ({ name, answer })))
    const [first] = answers
    if (first === undefined) throw new TypeError('no form')
    return first
  }

  /** Begins a login and comes back with a token of these claims. */
  const login = async (person: ReturnType<typeof browser>, claims: object = {}) => {
    const raw = await gateway.token({ ...canaries, ...claims })
    sessions.add(raw)
    const begun = person.take(
      await ask('login', {
        query: 'org=demo&callback=https%3A%2F%2Fapp.example.test%2Fhome',
        cookies: person.pairs(),
      }),
    )
    for (const { answer } of heard) {
      const there = new URL(answer.headers.location ?? 'about:blank').searchParams.get('callback')
      const proof = there && new URL(there).searchParams.get('login')
      if (proof) proofs.add(proof)
    }
    const back =
      new URL(begun.headers.location ?? 'about:blank').searchParams.get('callback') ?? 'about:blank'
    return { raw, query: `${new URL(back).searchParams}&imid_token=${raw}` }
  }

  /** One run of refresh-state, with these credentials. */
  const refresh = async (secret: string, forced = false): Promise<void> => {
    const on = gateway.instance()
    const upstream = upstreamOf(on.config, async () => ({ id: 'gateway', secret }), on.now)
    const deps = { ...on, table: gateway.table, writer: stateWriter(gateway.table), upstream }
    heard.push({
      name: 'health',
      answer: {
        statusCode: 200,
        headers: {},
        body: JSON.stringify(await scheduled(refreshState(deps), on)({ forced }, context)),
      },
    })
  }

  const json = { ...fromOurPage, 'content-type': 'application/json' }

  const wholeFlow = async (): Promise<void> => {
    const person = browser()
    const { raw, query } = await login(person)
    const arrived = person.take(await ask('callback', { query, cookies: person.pairs() }))
    equal(arrived.statusCode, 302)
    const cookies = person.pairs()
    await ask('callback', { query, cookies })
    await ask('token-is-set', { cookies })
    await ask('token-is-set', { bearer: raw })
    await ask('units', { cookies })
    for (const body of [
      '{"unit":"north"}',
      '{"unit":"canary-unit-nobody-holds"}',
      '{"unit"',
      `{"token":"${raw}"}`,
      raw,
    ])
      await ask('unit', { cookies, headers: json, body })
    await ask('unit', {
      cookies,
      headers: { ...json, origin: `https://${raw.slice(0, 40)}.test` },
      body: '{"unit":null}',
    })
    await ask('health', { cookies, bearer: raw, query })
    await ask('login', { query: `org=demo&callback=https://evil.test/%23${raw}`, cookies })
    await ask('login', { query: `org=${raw}&callback=/`, cookies })
    await ask('org-login', { path: { org: raw }, query: 'callback=/', cookies })
    await ask('logout', { query: 'callback=https://evil.test/', cookies, headers: fromOurPage })
    for (const route of ['token-is-set', 'units'] as const) await ask(route, { cookies })
    await ask('unit', { cookies, headers: json, body: '{"unit":null}' })
    await ask('callback', { query, cookies: [] })
    await ask('logout', { cookies, headers: fromOurPage })
  }

  /** Every way in which a callback can fail that has a token in its address. */
  const failures = async (): Promise<void> => {
    for (const claims of [
      { exp: 1 },
      { exp: 9_999_999_999 },
      { iat: 9_999_999_999 },
      { ntt: 'access_token' },
      { ntt: 'other' },
      { org: 'second' },
      { org: 'nowhere' },
      { org: 'closed' },
      { sub: '' },
      { groups: Array.from({ length: 400 }, (_, number) => `canary-group ${number}`) },
    ]) {
      const person = browser()
      const { raw, query } = await login(person, claims)
      const cookies = [...person.pairs(), `imidToken=${raw}`]
      await ask('callback', { query, cookies })
      await ask('callback', { query: `${query}&imid_token=${raw}`, cookies })
      await ask('callback', { query: query.replace(raw, `${raw}x`), cookies })
      await ask('callback', { query: query.replace(raw, raw.slice(0, -8)), cookies })
      await ask('callback', { query: query.replace('app.example', 'evil'), cookies })
      await ask('callback', { query, cookies, headers: { 'sec-fetch-dest': 'iframe' } })
      await ask(
        'callback',
        { query, cookies: [...cookies, `imidToken=${raw}`, 'a="b'] },
        { STRICT_COOKIE_MODE: 'true' },
      )
      await ask('token-is-set', { cookies: [...cookies, `imidToken=${raw}`] })
      await ask('units', { bearer: `${raw}, Bearer ${raw}` })
      await ask('callback', { query, cookies }, { TOKEN_ISSUER: 'https://canary.test', TOKEN_AUDIENCE: 'x' })
      await ask('callback', { query, cookies: [] }, { LOGIN_BINDING: 'off', LOGIN_MAX_TOKEN_AGE: '10' })
    }
  }

  const faults = async (): Promise<void> => {
    const person = browser()
    const { raw, query } = await login(person)
    const cookies = [...person.pairs(), `imidToken=${raw}`]
    const telling = new Error(`canary-fault ${raw} ${clientSecret}`)
    for (const fault of [telling, new Problem('table_unavailable', telling)]) {
      gateway.front.fault.next = () => fault
      for (const name of ['callback', 'token-is-set', 'units', 'logout', 'health'] as const)
        await ask(name, { query: name === 'callback' ? query : '', cookies, headers: fromOurPage })
    }
    delete gateway.front.fault.next

    await refresh(clientSecret)
    await refresh('canary-wrong-secret')
    for (const command of [{ do: 'fail' }, { do: 'down' }, { do: 'malformed-jwks', as: 'private' }]) {
      await gateway.control(command)
      gateway.clock.ahead += 61
      await refresh(clientSecret)
      await refresh(clientSecret, true)
      await ask('token-is-set', { bearer: await gateway.token({}, { header: { kid: 'canary-kid' } }) })
      await gateway.control({ do: 'up' })
    }
    await refresh(clientSecret)
  }

  await wholeFlow()
  await failures()
  await faults()

  return { gateway, spoken, heard, proofs, sessions }
}
