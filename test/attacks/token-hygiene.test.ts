import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ListTablesCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { accessLogFields } from '../../infra/api.ts'
import { crumb } from '../support/gateway.ts'
import { clientSecret, everythingSaid, type Heard, userinfo } from '../support/hygiene-flow.ts'

/** Searches responses, log lines, metrics and stored items for tokens and other secrets. */

const { gateway, spoken, heard, proofs, sessions } = await everythingSaid()

const { client } = gateway.database
const tokens = [...sessions]
const claimed = [...Object.values(userinfo), 'canary-group', 'canary-unknown-claim']
const sent = ['canary-unit', 'canary-kid', 'canary-fault', 'canary.test', 'canary-wrong-secret']
const secrets = [
  ...tokens.flatMap((raw) => raw.split('.').flatMap((part) => [part.slice(0, 40), part.slice(-40)])),
  ...[...proofs, ...claimed, ...sent, clientSecret],
]
/** The ids of people and sessions, which may be stored but not sent or logged. */
const ids = tokens.flatMap((raw) => {
  const { jti, sub } = JSON.parse(Buffer.from(raw.split('.')[1] ?? '', 'base64url').toString())
  return [jti, sub].filter((id) => id !== '')
})

const spellings = (secret: string): string[] => {
  const bytes = Buffer.from(secret)
  const encodings = (['base64', 'base64url', 'hex'] as const).map((encoding) => bytes.toString(encoding))
  return [secret, encodeURIComponent(secret), ...encodings]
}
const found = (texts: readonly string[], wanted: readonly string[]): string[] => {
  const all = texts.join('\n')
  return wanted.filter((secret) => spellings(secret).some((spelling) => all.includes(spelling)))
}

/** An answer without what the contract puts there: session cookie, login redirect, identity headers. */
const withoutItsPlaces = ({ name, answer }: Heard): string => {
  const cookies = (answer.cookies ?? []).map((text) => {
    const { name: cookie, value, attributes } = crumb(text)
    const isSession = name === 'callback' && answer.statusCode === 302 && cookie === 'imidToken'
    return isSession && sessions.has(value) ? attributes.join() : text
  })
  const isLogin =
    name === 'login' && answer.headers.location?.startsWith(`${gateway.identity.url}/v1/org/demo/login?`)
  const isForService = name === 'authorize' && answer.statusCode === 200
  const headers = Object.entries({ ...answer.headers, ...(isLogin && { location: '' }) }).filter(
    ([header]) => !isForService || !header.startsWith('x-imid-'),
  )
  return JSON.stringify({ ...answer, headers, cookies })
}

describe('Tokens and secrets', () => {
  it('are searched for in responses of ten routes, with eight statuses, and in their log lines', () => {
    const names = [...new Set(heard.map(({ name }) => name))].sort().join(' ')
    equal(names, 'authorize callback health login login-failed logout org-login token-is-set unit units')
    const statuses = [...new Set(heard.map(({ answer }) => answer.statusCode))].sort()
    deepEqual(statuses, [200, 302, 303, 400, 401, 403, 500, 503])
    ok(gateway.lines.length >= heard.length, 'each answer has its log line')
  })

  it('are in no log line or metric, and nothing is written to the console', () => {
    deepEqual(found(gateway.lines, [...secrets, ...ids]), [])
    deepEqual(spoken, [])
  })

  it('are in no page, problem document, redirect, header or cookie that may not have them', () =>
    deepEqual(found(heard.map(withoutItsPlaces), [...secrets, ...ids]), []))

  it('are sent only in the session cookie of a successful callback', () => {
    const bearing = heard.filter(({ answer }) => found([JSON.stringify(answer)], tokens).length > 0)
    ok(bearing.length > 0)
    for (const { name, answer } of bearing) {
      const { 'cache-control': cache, location } = answer.headers
      deepEqual([name, cache, location], ['callback', 'no-store', 'https://app.example.test/home'])
    }
  })

  it('are not leaked by callback responses: no-store, no-referrer, and pages load nothing', () => {
    for (const { answer } of heard.filter(({ name }) => name === 'callback')) {
      equal(answer.headers['referrer-policy'], 'no-referrer')
      equal(answer.headers['cache-control'], 'no-store')
      if (answer.headers['content-type']?.startsWith('text/html'))
        match(answer.headers['content-security-policy'] ?? '', /default-src 'none'/)
    }
  })

  it('are in no stored item, where people appear only by subject', async () => {
    const { TableNames: [TableName] = [] } = await client.send(new ListTablesCommand({}))
    const { Items = [] } = await client.send(new ScanCommand({ TableName }))
    for (const kept of ['ended', 'unit']) ok(Items.some((item) => item[kept] !== undefined))
    const texts = Items.map((item) => JSON.stringify(item))
    deepEqual(found(texts, secrets), [])
  })

  it('are in no field of the access log', () => {
    for (const value of Object.values(accessLogFields))
      match(
        value,
        /^\$context\.(request(Id|Time)|routeKey|protocol|status|(response|integration)\w+|error\.responseType)$/,
      )
  })
})
