import { equal } from 'node:assert/strict'
import { after } from 'node:test'
import type { Answer } from '../../lib/http/messages.ts'
import { Problem } from '../../lib/problem.ts'
import type { HttpRouteName } from '../../lib/routes.ts'
import { browser, fromOurPage, navigation, openGateway, type Request, type Settings } from './gateway.ts'
import { refreshRun } from './refresh-run.ts'

export const clientSecret = 'canary-client-secret'
export const userinfo = {
  given_name: 'canary-given-name',
  family_name: 'canary-family-name',
  email: 'canary-person@example.test',
  picture: 'https://pictures.example.test/canary-picture.png',
}
const canaries = { userinfo, groups: ['north-desk', 'canary-group'], extra: 'canary-unknown-claim' }

export type Heard = { name: string; answer: Answer }
/** One request of the flow. */
type Asked = readonly [name: HttpRouteName, request?: Request, settings?: Settings]

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

  /** Asks and keeps the answer, in each of the forms that a refusal may take. Gives the first. */
  const ask = async (...[name, request = {}, settings]: Asked): Promise<Answer> => {
    const call = await gateway.open(name, gateway.instance(settings))
    const [first, ...others] = forms
    const inForm = async (form = {}) => {
      const answer = await call({ ...request, headers: { ...form, ...request.headers } })
      heard.push({ name, answer })
      return answer
    }
    const answer = await inForm(first)
    for (const form of others) await inForm(form)
    return answer
  }
  const askAll = async (requests: readonly Asked[]): Promise<void> => {
    for (const request of requests) await ask(...request)
  }

  /** Begins a login and comes back with a token of these claims. */
  const login = async (person: ReturnType<typeof browser>, claims: object = {}) => {
    const raw = await gateway.token({ ...canaries, ...claims })
    sessions.add(raw)
    const query = 'org=demo&callback=https%3A%2F%2Fapp.example.test%2Fhome'
    const begun = person.take(await ask('login', { query, cookies: person.pairs() }))
    const backOf = ({ headers: { location } }: Answer): URLSearchParams => {
      const back = new URL(location ?? 'about:blank').searchParams.get('callback')
      return new URL(back ?? 'about:blank').searchParams
    }
    for (const { answer } of heard) {
      const proof = backOf(answer).get('login')
      if (proof) proofs.add(proof)
    }
    return { raw, query: `${backOf(begun)}&imid_token=${raw}` }
  }

  const json = { ...fromOurPage, 'content-type': 'application/json' }

  const wholeFlow = async (): Promise<void> => {
    const person = browser()
    const { raw, query } = await login(person)
    const arrived = person.take(await ask('callback', { query, cookies: person.pairs() }))
    equal(arrived.statusCode, 302)
    const cookies = person.pairs()
    const bodies = [
      '{"unit":"north"}',
      '{"unit":"canary-unit-nobody-holds"}',
      '{"unit"',
      `{"token":"${raw}"}`,
      raw,
    ]
    const origin = `https://${raw.slice(0, 40)}.test`
    await askAll([
      ['callback', { query, cookies }],
      ['token-is-set', { cookies }],
      ['token-is-set', { bearer: raw }],
      ['units', { cookies }],
      ...bodies.map((body) => ['unit', { cookies, headers: json, body }] as const),
      ['unit', { cookies, headers: { ...json, origin }, body: '{"unit":null}' }],
      ['health', { cookies, bearer: raw, query }],
      ['login', { query: `org=demo&callback=https://evil.test/%23${raw}`, cookies }],
      ['login', { query: `org=${raw}&callback=/`, cookies }],
      ['org-login', { path: { org: raw }, query: 'callback=/', cookies }],
      ['logout', { query: 'callback=https://evil.test/', cookies, headers: fromOurPage }],
      ['token-is-set', { cookies }],
      ['units', { cookies }],
      ['unit', { cookies, headers: json, body: '{"unit":null}' }],
      ['callback', { query, cookies: [] }],
      ['logout', { cookies, headers: fromOurPage }],
    ])
  }

  /** Every way in which a callback can fail that has a token in its address. */
  const failures = async (): Promise<void> => {
    for (const claims of [
      ...[
        { exp: 1 },
        { exp: 9_999_999_999 },
        { iat: 9_999_999_999 },
        { ntt: 'access_token' },
        { ntt: 'other' },
      ],
      ...[{ org: 'second' }, { org: 'nowhere' }, { org: 'closed' }, { sub: '' }],
      { groups: Array.from({ length: 400 }, (_, number) => `canary-group ${number}`) },
    ]) {
      const person = browser()
      const { raw, query } = await login(person, claims)
      const cookies = [...person.pairs(), `imidToken=${raw}`]
      const twice = [...cookies, `imidToken=${raw}`]
      await askAll([
        ['callback', { query, cookies }],
        ['callback', { query: `${query}&imid_token=${raw}`, cookies }],
        ['callback', { query: query.replace(raw, `${raw}x`), cookies }],
        ['callback', { query: query.replace(raw, raw.slice(0, -8)), cookies }],
        ['callback', { query: query.replace('app.example', 'evil'), cookies }],
        ['callback', { query, cookies, headers: { 'sec-fetch-dest': 'iframe' } }],
        ['callback', { query, cookies: [...twice, 'a="b'] }, { STRICT_COOKIE_MODE: 'true' }],
        ['token-is-set', { cookies: twice }],
        ['units', { bearer: `${raw}, Bearer ${raw}` }],
        ['callback', { query, cookies }, { TOKEN_ISSUER: 'https://canary.test', TOKEN_AUDIENCE: 'x' }],
        ['callback', { query, cookies: [] }, { LOGIN_BINDING: 'off', LOGIN_MAX_TOKEN_AGE: '10' }],
      ])
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

    await refreshRun(gateway)
    await refreshRun(gateway, { secret: 'canary-wrong-secret' })
    for (const command of [{ do: 'fail' }, { do: 'down' }, { do: 'malformed-jwks', as: 'private' }]) {
      await gateway.control(command)
      gateway.clock.ahead += 61
      await refreshRun(gateway)
      await refreshRun(gateway, { forced: true })
      await ask('token-is-set', { bearer: await gateway.token({}, { header: { kid: 'canary-kid' } }) })
      await gateway.control({ do: 'up' })
    }
    await refreshRun(gateway)
  }

  await wholeFlow()
  await failures()
  await faults()

  return { gateway, spoken, heard, proofs, sessions }
}
