import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answers, type Code, row } from '../lib/problem.ts'
import { routes } from '../lib/routes.ts'
import { each } from './support/each.ts'
import { asProblem, codeOf, context, eventOf, navigation, openGateway } from './support/gateway.ts'

const { call, logs, lines, instance } = await openGateway()
const id = 'JKJaXmPLvHcESHA='
const ask = (query: string, headers: Record<string, string> = navigation) =>
  call('login-failed', { query, headers })

describe('GET /login-failed', () => {
  it('answers each refusal of a callback with its status and page', async () => {
    for (const code of routes['login-failed'].problems) {
      const { statusCode, body } = await ask(`code=${code}&id=${id}`)
      equal(statusCode, answers[row(code).answer].status, code)
      ok(body?.includes(`<code>${code}</code>`) && !body.includes('Sign in again to go on'), code)
    }
  })

  it('logs the id of the refused callback at info, shows its own, and counts no failure', async () => {
    const { body } = await ask(`code=token_too_large&id=${id}`)
    const { level, refused, id: own, ...line } = logs.at(-1) ?? {}
    deepEqual([level, refused, line.code, line.route], ['info', id, 'token_too_large', 'login-failed'])
    ok(body?.includes(`<code>${own}</code>`) && !body.includes(id))
    ok(!lines.at(-1)?.includes('"Metrics":[{'))
  })

  it('offers the login again when organisation and return URL are allowed', async () => {
    const offered = async (org: string, callback: string) =>
      JSON.parse(
        (
          await ask(
            `code=token_expired&id=${id}&org=${org}&callback=${encodeURIComponent(callback)}`,
            asProblem,
          )
        ).body ?? '',
      ).login
    match(await offered('demo', 'https://app.example.test/x'), /org\/demo\/login\?callback=https%3A%2F%2Fapp/)
    for (const [org, callback] of [
      ['demo', 'https://evil.test/'],
      ['demo', 'javascript:alert(1)'],
      ['demo', '//evil.test'],
      ['second', 'https://app.example.test/'],
      ['a/b', '/'],
    ] as const)
      equal(await offered(org, callback), undefined, `${org} ${callback}`)
  })

  each('is a plain 400 for anything else', [
    ['no code', `id=${id}`],
    ['an unknown code', `code=nonsense&id=${id}`],
    ['a code of another route', `code=unit_not_held&id=${id}`],
    ['a failure of ours', `code=table_unavailable&id=${id}`],
    ['a key that cannot be known yet', `code=token_key_pending&id=${id}`],
    ['no id', 'code=token_expired'],
    ['an id of another form', 'code=token_expired&id=%3Cscript%3E'],
    ['a short id', 'code=token_expired&id=1234567'],
    ['a long id', `code=token_expired&id=${'x'.repeat(41)}`],
    ['two codes', `code=token_expired&code=token_expired&id=${id}`],
    ['two organisations', `code=token_expired&id=${id}&org=demo&org=demo`],
  ])(async ([, query]) => {
    const answer = await ask(query, asProblem)
    deepEqual([answer.statusCode, codeOf(answer)], [400, 'bad_query' satisfies Code])
  })
})

it('what no route matches is 404 in the form the reader wants, with the headers of every answer', async () => {
  const { wire } = await import('../functions/not-found/index.ts')
  const handler = wire(instance())
  const plain = await handler(eventOf('health', {}), context)
  deepEqual(
    [plain.statusCode, plain.body, plain.headers['cache-control']],
    [404, '"errors.api.NotFound"', 'no-store'],
  )
  const page = await handler(eventOf('health', { headers: navigation }), context)
  match(page.body ?? '', /<h1>There is nothing at this address<\/h1>/)
  match(page.headers['content-security-policy'] ?? '', /frame-ancestors 'none'/)
})
