import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ListTablesCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { accessLogFields } from '../../infra/api.ts'
import { crumb } from '../support/gateway.ts'
import { clientSecret, everythingSaid, type Heard, userinfo } from '../support/hygiene-flow.ts'

/** Everything that leaves the gateway is searched for what may not. */

const { gateway, spoken, heard, proofs, sessions } = await everythingSaid()

const piecesOf = (raw: string): string[] =>
  raw
    .split('.')
    .flatMap((part) => [part, part.slice(0, 40), part.slice(-40)])
    .filter((piece) => piece.length >= 20)
const secrets = {
  'the token, or a part of it': () => [...sessions].flatMap((raw) => [raw, ...piecesOf(raw)]),
  'what a token says of a person': () => [
    ...Object.values(userinfo),
    'canary-group',
    'canary-unknown-claim',
    'north-desk',
    ...[...sessions].flatMap((raw) => {
      const { jti, sub } = JSON.parse(Buffer.from(raw.split('.')[1] ?? '', 'base64url').toString())
      return [String(jti), String(sub)].filter((text) => text !== '')
    }),
  ],
  'the proof of a login': () => [...proofs].flatMap((proof) => [proof, proof.slice(8)]),
  'the client secret': () => [clientSecret, 'canary-wrong-secret'],
  'what was sent and is nobody’s business': () =>
    'canary-unit canary-kid canary-fault canary.test'.split(' '),
} as const

/** The same in every spelling in which it might get out. */
const spellings = (secret: string): string[] => {
  const bytes = Buffer.from(secret)
  const encodings = (['base64', 'base64url', 'hex'] as const).map((encoding) => bytes.toString(encoding))
  return [secret, encodeURIComponent(secret), ...encodings]
}
const found = (texts: readonly string[], wanted: readonly string[]): string[] => {
  const all = texts.join('\n')
  return wanted
    .filter((secret) => spellings(secret).some((spelling) => all.includes(spelling)))
    .map((secret) => secret.slice(0, 24))
}

/** An answer without the two places at which the contract puts a secret. */
const withoutItsPlaces = ({ name, answer }: Heard): string => {
  const cookies = (answer.cookies ?? []).map((text) => {
    const { name: cookie, value, attributes } = crumb(text)
    const isSession = name === 'callback' && answer.statusCode === 302 && cookie === 'imidToken'
    return isSession && sessions.has(value) ? attributes.join() : text
  })
  const location = answer.headers.location ?? ''
  const isLogin = name === 'login' && location.startsWith(`${gateway.identity.url}/v1/org/demo/login?`)
  const headers = { ...answer.headers, ...(isLogin ? { location: '' } : {}) }
  return JSON.stringify({ ...answer, headers, cookies })
}

describe('Hygiene of tokens and secrets', () => {
  it('has something to search: every route, every form, every kind of answer', () => {
    const names = [...new Set(heard.map(({ name }) => name))].sort().join(' ')
    equal(names, 'callback health login logout org-login token-is-set unit units')
    deepEqual(
      [...new Set(heard.map(({ answer }) => answer.statusCode))].sort(),
      [200, 302, 303, 400, 401, 403, 500, 503],
    )
    ok(sessions.size > 10 && proofs.size > 10, `${sessions.size} sessions, ${proofs.size} proofs`)
    ok(gateway.lines.length >= heard.length, 'each answer has its line')
    ok(
      gateway.logs.some((line) => line._aws !== undefined),
      'there are metrics',
    )
  })

  const foundIn = (texts: readonly string[]): Record<string, string[]> =>
    Object.fromEntries(Object.entries(secrets).map(([what, values]) => [what, found(texts, values())]))
  const nothing = Object.fromEntries(Object.keys(secrets).map((what) => [what, []]))

  it('is kept in every log line and metric', () => deepEqual(foundIn([...gateway.lines, ...spoken]), nothing))

  it('is kept in every page, problem document, redirect, header and cookie but its own', () =>
    deepEqual(foundIn(heard.map(withoutItsPlaces)), nothing))

  it('nothing is said beside the log', () => deepEqual(spoken, []))

  it('the token stands in the session cookie alone, set by the one answer that ends a login', () => {
    const bearing = heard.filter(({ answer }) => found([JSON.stringify(answer)], [...sessions]).length > 0)
    ok(bearing.length > 0, 'some answer sets the session')
    for (const { name, answer } of bearing) {
      deepEqual([name, answer.statusCode, answer.headers['cache-control']], ['callback', 302, 'no-store'])
      equal(answer.headers.location, 'https://app.example.test/home')
    }
  })

  it('no page that a token led to tells its address on, or is kept', () => {
    for (const { answer } of heard.filter(({ name }) => name === 'callback')) {
      equal(answer.headers['referrer-policy'], 'no-referrer')
      equal(answer.headers['cache-control'], 'no-store')
      if (answer.headers['content-type']?.startsWith('text/html'))
        match(answer.headers['content-security-policy'] ?? '', /default-src 'none'/)
    }
  })

  it('no item of the table holds a token, a proof, a secret or what a token says of a person', async () => {
    const { client } = gateway.database
    const { TableNames: [TableName] = [] } = await client.send(new ListTablesCommand({}))
    const { Items = [] } = await client.send(new ScanCommand({ TableName }))
    for (const kept of ['ended', 'unit'])
      ok(
        Items.some((item) => item[kept] !== undefined),
        `${kept} is stored`,
      )
    const texts = Items.map((item) => JSON.stringify(item))
    const { 'what a token says of a person': _, ...others } = foundIn(texts)
    const { 'what a token says of a person': __, ...none } = nothing
    deepEqual(others, none)
    deepEqual(found(texts, [...Object.values(userinfo), 'canary-group', 'canary-unknown-claim']), [])
  })

  it('the access log has no field that an address, a header or a person could come in by', () => {
    for (const value of Object.values(accessLogFields))
      match(
        value,
        /^\$context\.(request(Id|Time)|routeKey|protocol|status|(response|integration)\w+|error\.responseType)$/,
      )
  })
})
