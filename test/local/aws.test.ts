import { deepEqual, equal } from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { each } from '../support/each.ts'
import { startFixtures } from './fixtures/fixture-stack.ts'

let stack: Awaited<ReturnType<typeof startFixtures>>
before(async () => {
  stack = await startFixtures()
})
after(() => stack.close())

const invoke = (name: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`${stack.awsUrl}/2015-03-31/functions/${name}/invocations`, { method: 'POST', body, headers })

const secret = { 'x-amz-target': 'secretsmanager.GetSecretValue' }
const ask = (headers: Record<string, string>, body = '{"SecretId":"any"}') =>
  fetch(stack.awsUrl, { method: 'POST', headers, body })

describe('Lambda Invoke', () => {
  each('runs a function by each of its names', [
    'moody',
    'moody1',
    'arn:aws:lambda:local:000000000000:function:moody',
  ])(async (name) => {
    const answer = await invoke(encodeURIComponent(name), '{}')
    deepEqual([answer.status, JSON.parse(await answer.text()).statusCode], [200, 200])
  })

  it('says in a header that the function failed', async () => {
    const answer = await invoke('moody', '{"mood":"throw"}')
    const { errorType, errorMessage } = JSON.parse(await answer.text())
    deepEqual(
      [answer.status, answer.headers.get('x-amz-function-error'), errorType, errorMessage],
      [200, 'Unhandled', 'RangeError', 'no mood'],
    )
  })

  it('does not wait when it is told not to', async () =>
    equal((await invoke('slow', '{}', { 'x-amz-invocation-type': 'Event' })).status, 202))

  it('refuses what is no JSON', async () => equal((await invoke('moody', '{')).status, 400))
  it('does not know other functions', async () => equal((await invoke('nobody', '{}')).status, 404))
})

describe('GetSecretValue', () => {
  it('tells the credentials', async () => {
    const { SecretString, Name } = JSON.parse(await (await ask(secret)).text())
    deepEqual([Name, JSON.parse(SecretString)], ['any', { client_id: 'the id', client_secret: 'the secret' }])
  })

  it('wants a name', async () => equal((await ask(secret, '{}')).status, 400))
  it('knows no other call', async () =>
    equal((await ask({ 'x-amz-target': 'secretsmanager.PutSecretValue' })).status, 400))

  each('is not for a page in a browser', ['origin', 'sec-fetch-site'])(async (name) =>
    equal(await statusWith({ ...secret, [name]: 'https://evil.example' }), 403),
  )

  it('is not for a page that came here by another name', async () =>
    equal(await statusWith({ ...secret, host: 'evil.example' }), 403))
})

/** With headers that fetch does not let a program set. */
const statusWith = (headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = request(stack.awsUrl, { method: 'POST', headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.on('error', reject).end('{"SecretId":"any"}')
  })
