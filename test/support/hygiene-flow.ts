import { equal } from 'node:assert/strict'
import { mock } from 'node:test'
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
}
const canaries = { userinfo, groups: ['north-desk', 'canary-group'], extra: 'canary-unknown-claim' }

export type Heard = { name: HttpRouteName; answer: Answer }

/** Opens a gateway whose every answer and console message is kept. */
const openHeard = async () => {
  const gateway = await openGateway({ LOG_LEVEL: 'debug' })
  const spoken: string[] = []
  for (const voice of ['log', 'info', 'warn', 'error', 'debug'] as const)
    mock.method(console, voice, (...words: unknown[]) => spoken.push(words.join(' ')))
  const heard: Heard[] = []
  /** Sends a request for a problem document, then for a page. Returns the first answer. */
  const ask = async (name: HttpRouteName, request: Request = {}, settings?: Settings): Promise<Answer> => {
    const call = await gateway.open(name, gateway.instance(settings))
    const inForm = async (form: Record<string, string>) => {
      const answer = await call({ ...request, headers: { ...form, ...request.headers } })
      heard.push({ name, answer })
      return answer
    }
    const answer = await inForm({ accept: 'application/problem+json' })
    await inForm({ ...navigation, accept: 'text/html', 'accept-language': 'sv' })
    return answer
  }
  return { gateway, spoken, heard, ask }
}

/** A whole session, failed logins and faults: everything that leaves the gateway, and the secrets in it. */
export const everythingSaid = async () => {
  const { gateway, spoken, heard, ask } = await openHeard()
  const proofs = new Set<string>()
  const sessions = new Set<string>()

  /** Starts a login, and returns with a token of these claims. */
  const login = async (person: ReturnType<typeof browser>, claims: object = {}) => {
    const raw = await gateway.token({ ...canaries, ...claims })
    sessions.add(raw)
    const query = 'org=demo&callback=https%3A%2F%2Fapp.example.test%2Fhome'
    const { headers } = person.take(await ask('login', { query, cookies: person.pairs() }))
    const back = new URL(headers.location ?? 'about:blank').searchParams.get('callback')
    const { searchParams } = new URL(back ?? 'about:blank')
    proofs.add(searchParams.get('login') ?? 'none')
    return { raw, query: `${searchParams}&imid_token=${raw}` }
  }

  const session = async (): Promise<void> => {
    const person = browser()
    const { raw, query } = await login(person)
    equal(person.take(await ask('callback', { query, cookies: person.pairs() })).statusCode, 302)
    const cookies = person.pairs()
    const headers = { ...fromOurPage, 'content-type': 'application/json' }
    await ask('callback', { query, cookies })
    await ask('callback', { query })
    await ask('token-is-set', { bearer: raw })
    await ask('units', { cookies })
    await ask('authorize', { query: 'org=demo', cookies })
    for (const query of ['org=demo&unit=canary-unit', `org=${raw}`, `org=demo&sub=${raw}`])
      await ask('authorize', { query, cookies, headers: { 'x-original-url': `https://evil.test/#${raw}` } })
    await ask('authorize', { query: `org=demo&unit=${raw}`, cookies: [`imidToken=${raw}x`] })
    for (const body of ['{"unit":"north"}', '{"unit":"canary-unit"}', `{"token":"${raw}"}`, raw])
      await ask('unit', { cookies, headers, body })
    const origin = `https://${raw.slice(0, 40)}.test`
    await ask('unit', { cookies, headers: { ...headers, origin }, body: '{"unit":null}' })
    await ask('health', { cookies, bearer: raw, query })
    await ask('login', { query: `org=demo&callback=https://evil.test/%23${raw}`, cookies })
    await ask('org-login', { path: { org: raw }, query: 'callback=/', cookies })
    await ask('logout', { query: 'callback=https://evil.test/', cookies, headers })
    await ask('token-is-set', { cookies })
  }

  const failedLogins = async (): Promise<void> => {
    const groups = Array.from({ length: 400 }, (_, number) => `canary-group ${number}`)
    for (const claims of [{ exp: 1 }, { ntt: 'other' }, { org: 'second' }, { sub: '' }, { groups }]) {
      const person = browser()
      const { raw, query } = await login(person, claims)
      const cookies = [...person.pairs(), `imidToken=${raw}`]
      for (const changed of [query, `${query}&imid_token=${raw}`, query.slice(0, -8)])
        await ask('callback', { query: changed, cookies })
      await ask('callback', { query, cookies: [...cookies, 'a="b'] }, { STRICT_COOKIE_MODE: 'true' })
      await ask('callback', { query, cookies }, { TOKEN_ISSUER: 'https://canary.test' })
      await ask('callback', { query }, { LOGIN_BINDING: 'off', LOGIN_MAX_TOKEN_AGE: '10' })
      await ask('token-is-set', { cookies: [...cookies, `imidToken=${raw}x`] })
      const id = 'id=0123456789abcdef'
      const refused = `org=${raw}&callback=https://evil.test/%23${raw}`
      for (const form of [
        `code=${raw}&${id}`,
        `code=token_expired&id=${raw}`,
        `code=token_expired&${id}&${refused}`,
      ])
        await ask('login-failed', { query: form })
    }
  }

  const faults = async (): Promise<void> => {
    const person = browser()
    const { raw, query } = await login(person)
    const cookies = [...person.pairs(), `imidToken=${raw}`]
    const fault = new Error(`canary-fault ${raw} ${clientSecret}`)
    for (const error of [fault, new Problem('table_unavailable', fault)]) {
      gateway.front.fault.next = () => error
      for (const name of ['callback', 'token-is-set', 'logout', 'health'] as const)
        await ask(name, { query: name === 'callback' ? query : '', cookies, headers: fromOurPage })
    }
    delete gateway.front.fault.next
    await refreshRun(gateway, { secret: 'canary-wrong-secret' })
    for (const command of [{ do: 'fail' }, { do: 'malformed-jwks', as: 'private' }]) {
      await gateway.control(command)
      gateway.clock.ahead += 61
      await refreshRun(gateway)
      await ask('token-is-set', { bearer: await gateway.token({}, { header: { kid: 'canary-kid' } }) })
      await gateway.control({ do: 'up' })
    }
    await refreshRun(gateway)
  }

  await session()
  await failedLogins()
  await faults()
  return { gateway, spoken, heard, proofs, sessions }
}
