import { equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { query } from '../../lib/http/query.ts'
import { type Code, codeOf as codeOfError } from '../../lib/problem.ts'
import { each } from '../support/each.ts'
import { browser, openGateway } from '../support/gateway.ts'
import { nothingGained, standing, withoutToken } from '../support/refused.ts'
import { encoded, unpacked } from '../support/spellings.ts'

const gateway = await openGateway()
const still = standing(gateway)
const token = await gateway.token()

const codeFor = (sent: string, name: string): Code | 'read' => {
  try {
    query(sent).the(name)
    return 'read'
  } catch (error) {
    return codeOfError(error)
  }
}

describe('A parameter', () => {
  each(
    'is a 400 when it is there twice, not at all, under another name or unreadable',
    unpacked([
      '∅ callback=/&callback=/ callback=/&callback=//evil.test callback=/&%63allback=/ callback callback=',
      '%63allback=/&c%61llback=/ callback=/,//evil.test&callback callback&callback=/ callback[]=/ =callback',
      'callback%5B%5D=/ callback;=/ Callback=/ +callback=/ callback+=/ callback%00=/ & x=1;callback=/',
      'callback=% callback=/%zz callback=/%E0%A4%A callback=%C0%AF callback=%F8%80%80%80%AF callback=/\ud800',
      'callback=%ED%A0%80 callback=/&%zz=1 callback=/&%E0%A4%A callback=/&\ud800=1',
    ]),
  )((sent) => {
    for (const whole of [sent, `a=b&${sent}`, `${sent}&a=b`]) equal(codeFor(whole, 'callback'), 'bad_query')
  })

  each(
    'is read between others that nobody asked for, however they are written',
    unpacked(['x=1 x=%zz statusCode=404 callback_uri=//evil.test __proto__=1 x&x&x']),
  )((other) => {
    for (const sent of [`${other}&callback=/`, `callback=/&${other}`]) equal(query(sent).the('callback'), '/')
  })

  it('keeps its plus, which is no space', () =>
    equal(query('callback=/a+b?c+d=%2B').the('callback'), '/a+b?c+d=+'))
})

describe('What an answer repeats of a request', () => {
  const markup = encoded('"><script>alert(1)</script><img src=x onerror=alert(2)>\'`{{7*7}}')
  const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

  each('is no markup, in whichever form it is asked for', [
    ['login', `org=${markup}&callback=/`],
    ['login', `org=demo&callback=${markup}`],
    ['login', `org=demo&callback=%2F${markup}&error=${markup}`],
    ['callback', `error=${markup}&error_description=${markup}`],
    ['callback', `imid_token=${markup}&serviceCallback=/&login=${markup}`],
  ])(async ([name, query]) => {
    for (const accept of ['text/html', 'application/json', 'application/problem+json']) {
      gateway.front.reset()
      const answer = await still.call(name, { query, headers: { ...page, accept } })
      if (answer.statusCode >= 400) nothingGained(gateway, answer)
      ok(!/["'<>`]/.test(answer.headers.location ?? ''), answer.headers.location)
      ok(!/script>|<img|onerror|7\*7/.test(answer.body ?? ''), answer.body)
    }
  })

  it('holds no token, also where a page offers to sign in again', async () => {
    const person = browser()
    const wrong = `${token.slice(0, -6)}AAAAAA`
    const query = `${await gateway.begin(person)}&imid_token=${wrong}`
    const answer = await gateway.call('callback', { query, cookies: person.pairs(), headers: page })
    const sent = new URL(answer.headers.location ?? '').search.slice(1)
    const shown = await gateway.call('login-failed', { query: sent, headers: page })
    ok(shown.body?.includes('Sign in again'), shown.body)
    withoutToken(JSON.stringify([answer, shown]), wrong)
  })
})
