import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answers, type Code, row } from '../lib/problem.ts'
import { routes } from '../lib/routes.ts'
import { each } from './support/each.ts'
import { asProblem, codeOf, navigation, openGateway } from './support/gateway.ts'

const { call, logs, lines } = await openGateway()
const id = 'JKJaXmPLvHcESHA='
const ask = (query: string, headers: Record<string, string> = navigation) =>
  call('login-failed', { query, headers })

describe('GET /login-failed', () => {
  it('answers each refusal of a callback with its status and its page', async () => {
    for (const code of routes['login-failed'].problems) {
      const { statusCode, body } = await ask(`code=${code}&id=${id}`)
      equal(statusCode, answers[row(code).answer].status, code)
      ok(body?.includes(`<code>${code}</code>`) && !body.includes('Sign in again to continue'), code)
    }
  })

  it('logs the request id of the refused callback, shows its own, and counts no failure', async () => {
    const { body } = await ask(`code=token_too_large&id=${id}`)
    const { level, refused, id: own, ...line } = logs.at(-1) ?? {}
    deepEqual([level, refused, line.code, line.route], ['info', id, 'token_too_large', 'login-failed'])
    ok(body?.includes(`<code>${own}</code>`) && !body.includes(id))
    ok(!lines.at(-1)?.includes('"Metrics":[{'))
  })

  const app = 'https://app.example.test/x'
  const login = `https://gw.example.test/imsg-service/v1/org/demo/login?callback=${encodeURIComponent(app)}`
  each('offers the login again when organisation and return URL are allowed', [
    ['demo', app, login],
    ['demo', 'https://evil.test/', undefined],
    ['demo', 'javascript:alert(1)', undefined],
    ['second', app, undefined],
    ['a/b', '/', undefined],
  ])(async ([org, callback, login]) => {
    const query = `code=token_expired&id=${id}&org=${org}&callback=${encodeURIComponent(callback)}`
    equal(JSON.parse((await ask(query, asProblem)).body ?? '').login, login)
  })

  each('offers no login without both organisation and return URL', ['org=demo', 'callback=/', ''])(
    async (more) => {
      const { statusCode, body } = await ask(`code=token_expired&id=${id}&${more}`, asProblem)
      deepEqual([statusCode, JSON.parse(body ?? '').login], [401, undefined])
    },
  )

  it('offers a login after exactly the refusals that another login can resolve', async () => {
    const offers = async (code: Code) => {
      const query = `code=${code}&id=${id}&org=demo&callback=/`
      return JSON.parse((await ask(query, asProblem)).body ?? '').login !== undefined
    }
    const without: Code[] = []
    for (const code of routes['login-failed'].problems) if (!(await offers(code))) without.push(code)
    deepEqual(without.sort(), [
      ...['bad_cookies', 'bad_query', 'return_url_not_allowed'],
      ...['subject_blocked', 'token_organisation', 'token_too_large'],
    ])
  })

  each('answers 400 to any other query', [
    // No code, an unknown one, one of another route, one of our own failures, or a pending key.
    ...['', 'code=nonsense', 'code=unit_not_held', 'code=table_unavailable', 'code=token_key_pending'].map(
      (query) => `${query}&id=${id}`,
    ),
    // No id, or one of another form or length.
    ...['', '&id=%3Cscript%3E', '&id=1234567', `&id=${'x'.repeat(41)}`].map(
      (more) => `code=token_expired${more}`,
    ),
    `code=token_expired&code=token_expired&id=${id}`,
    `code=token_expired&id=${id}&org=demo&org=demo`,
  ])(async (query) => {
    const answer = await ask(query, asProblem)
    deepEqual([answer.statusCode, codeOf(answer)], [400, 'bad_query' satisfies Code])
  })
})
