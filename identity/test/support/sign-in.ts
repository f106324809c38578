import { equal } from 'node:assert/strict'
import type { Answer } from '../../../lib/http/messages.ts'
import type { startFaultyProvider } from './faulty-provider.ts'
import { browser, callback, codeIn, type Service } from './service.ts'

type Provider = Awaited<ReturnType<typeof startFaultyProvider>>

/** Begins a sign-in and answers what the provider was asked with. */
export const begin = async (
  { call, lines }: Pick<Service, 'call' | 'lines'>,
  person = browser(),
  { org = 'demo', to = callback } = {},
) => {
  const query = `callback=${encodeURIComponent(to)}`
  const answer = person.take(await call('login', { path: { org }, query, cookies: person.pairs() }))
  equal(answer.statusCode, 303, `${codeIn(answer)} ${JSON.stringify(lines.at(-1) ?? '')}`)
  return { person, asked: new URL(answer.headers.location ?? '').searchParams }
}

/** Signs in at the faulty provider: to the gateway, or to wherever the fault leads. */
export const signIn = async (
  service: Pick<Service, 'call' | 'lines'>,
  provider: Provider,
  { org = 'demo', person = browser(), more = '', to = callback, claims = {} } = {},
): Promise<Answer> => {
  const { asked } = await begin(service, person, { org, to })
  const code = `the-code-of-it-${asked.get('state')}`
  provider.codes.set(code, { nonce: asked.get('nonce'), ...claims })
  const query = `code=${code}&state=${asked.get('state')}&iss=${encodeURIComponent(provider.issuer)}${more}`
  return person.take(await service.call('login-callback', { path: { org }, query, cookies: person.pairs() }))
}

/** The token that a gateway was given. */
export const tokenIn = ({ headers }: Pick<Answer, 'headers'>): string =>
  new URL(headers.location ?? 'about:blank').searchParams.get('imid_token') ?? ''
