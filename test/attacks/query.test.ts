import { deepEqual, equal, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { query } from '../../lib/http/query.ts'
import { type Code, codeOf as codeOfError } from '../../lib/problem.ts'
import { asProblem, browser, cleared, codeOf, fromOurPage, openGateway } from '../support/gateway.ts'
import { nothingGained, refused, standing, withoutToken } from '../support/refused.ts'
import { encoded } from '../support/spellings.ts'

const gateway = await openGateway()
const still = standing(gateway)
let token = ''
before(async () => {
  token = await gateway.token()
})

/** Queries without exactly one readable `callback`. */
const unreadable = [
  '',
  ...[
    'callback=/&callback=/ callback=/&callback=//evil.test callback=/&%63allback=/',
    '%63allback=/&c%61llback=/ callback=/,//evil.test&callback callback&callback=/ callback[]=/',
    'callback%5B%5D=/ callback;=/ Callback=/ +callback=/ callback+=/ callback%00=/ callback callback=',
    '=callback & x=1;callback=/ callback=% callback=/%zz callback=/%E0%A4%A callback=%C0%AF',
    'callback=%F8%80%80%80%AF callback=%ED%A0%80 callback=/&%zz=1 callback=/&%E0%A4%A',
    'callback=/\ud800 callback=/&\ud800=1',
  ].flatMap((line) => line.split(' ')),
]
const ignored = 'x=1 x=%zz statusCode=404 callback_uri=//evil.test __proto__=1 x&x&x'.split(' ')

const codeFor = (sent: string, name: string): Code | 'read' => {
  try {
    query(sent).the(name)
    return 'read'
  } catch (error) {
    return codeOfError(error)
  }
}

describe('A parameter', () => {
  it('is a 400 when it is there twice, not at all, under another name or unreadable', () => {
    for (const sent of unreadable)
      for (const whole of [sent, `a=b&${sent}`, `${sent}&a=b`])
        equal(codeFor(whole, 'callback'), 'bad_query', JSON.stringify(whole))
  })

  it('is read between others that nobody asked for, however they are written', () => {
    for (const other of ignored)
      deepEqual(
        [query(`${other}&callback=/`).the('callback'), query(`callback=/&${other}`).the('callback')],
        ['/', '/'],
      )
  })

  it('keeps its plus, which is no space', () =>
    equal(query('callback=/a+b?c+d=%2B').the('callback'), '/a+b?c+d=+'))
})

describe('A route', () => {
  it('starts no login for a return URL or an organisation that cannot be read', async () => {
    for (const sent of [
      'callback=/&callback=//evil.test',
      'callback=/&%63allback=/',
      'callback[]=/',
      'callback=%zz',
    ])
      for (const [name, request] of [
        ['login', { query: `org=demo&${sent}` }],
        ['org-login', { path: { org: 'demo' }, query: sent }],
      ] as const)
        await refused(gateway, name, {
          request,
          codes: ['bad_query'],
          call: (asked) => still.call(name, asked),
        })
    for (const sent of ['', 'org=', 'Org=demo', 'org=demo&%6Frg=second', 'org=%zz'])
      await refused(gateway, 'login', { request: { query: `${sent}&callback=/` }, codes: ['bad_query'] })
  })

  it('finishes no login for a token, a proof or a return URL that cannot be read', async () => {
    const person = browser()
    const begun = await gateway.begin(person)
    const attempt = (query: string, codes: readonly Code[] = ['bad_query'], body?: string) =>
      refused(gateway, 'callback', {
        request: { query, cookies: person.pairs(), ...(body === undefined ? {} : { body }) },
        codes,
        token,
      })
    for (const sent of [
      '',
      'imid_token=',
      'IMID_TOKEN={token}',
      'id_token={token}',
      'imid_token={token}&%zz',
    ])
      await attempt(`${begun}&${sent.replace('{token}', token)}`)
    for (const sent of ['imid_token=', 'imid%5Ftoken={token}', 'login=a', 'serviceCallback=/'])
      for (const whole of [`${begun}&imid_token=${token}&${sent}`, `${sent}&${begun}&imid_token=${token}`])
        await attempt(whole.replaceAll('{token}', token))
    await attempt(`${begun}`, ['bad_query'], `imid_token=${token}`)
    await attempt(`${begun}&error=access_denied`, ['login_cancelled'])
    await attempt(`${begun}&error=${encoded('<script>')}&error_description=x`, ['login_refused'])
  })

  it('answers a logout whose return URL cannot be read with 400, once the session is ended', async () => {
    for (const sent of ['callback=/&callback=/', 'callback=%zz', '%zz', 'callback=']) {
      const own = await gateway.token({ jti: `logout ${sent}` })
      const cookies = [`imidToken=${own}`]
      const answer = await refused(gateway, 'logout', {
        request: { query: sent, cookies, headers: fromOurPage },
        codes: ['bad_query', 'return_url_not_allowed'],
        token: own,
        mayWrite: true,
      })
      deepEqual(cleared(answer), ['imidToken'], sent)
      equal(
        codeOf(await gateway.call('token-is-set', { cookies, headers: asProblem })),
        'token_revoked',
        sent,
      )
    }
  })
})

describe('What an answer repeats of a request', () => {
  const markup = '"><script>alert(1)</script><img src=x onerror=alert(2)>\'`{{7*7}}'
  const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

  it('is no markup, in whichever form it is asked for', async () => {
    for (const accept of ['text/html', 'application/json', 'application/problem+json'])
      for (const [name, sent] of [
        ['login', `org=${encoded(markup)}&callback=/`],
        ['login', `org=demo&callback=${encoded(markup)}`],
        ['login', `org=demo&callback=${encoded(`/${markup}`)}&error=${encoded(markup)}`],
        ['callback', `error=${encoded(markup)}&error_description=${encoded(markup)}`],
        ['callback', `imid_token=${encoded(markup)}&serviceCallback=/&login=${encoded(markup)}`],
      ] as const) {
        gateway.front.reset()
        const answer = await still.call(name, { query: sent, headers: { ...page, accept } })
        if (answer.statusCode < 400)
          ok(!/["'<>`]/.test(answer.headers.location ?? ''), answer.headers.location)
        else nothingGained(gateway, answer)
        ok(!/script>|<img|onerror|7\*7/.test(answer.body ?? ''), answer.body)
      }
  })

  it('holds no token, also where a page offers to sign in again', async () => {
    const person = browser()
    const begun = await gateway.begin(person)
    const wrong = `${token.slice(0, -6)}AAAAAA`
    const answer = await gateway.call('callback', {
      query: `${begun}&imid_token=${wrong}`,
      cookies: person.pairs(),
      headers: page,
    })
    equal(answer.statusCode, 303)
    const sent = new URL(answer.headers.location ?? '').search.slice(1)
    const shown = await gateway.call('login-failed', { query: sent, headers: page })
    ok(shown.body?.includes('Sign in again'), shown.body)
    withoutToken(JSON.stringify([answer, shown]), wrong)
  })
})
