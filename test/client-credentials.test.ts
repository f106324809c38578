import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { after, beforeEach, describe, it } from 'node:test'
import { credentialsIn } from '../lib/refresh/client-credentials.ts'
import { UpstreamError } from '../lib/refresh/upstream.ts'
import { each } from './support/each.ts'
import { listening } from './support/ports.ts'

Object.assign(process.env, { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' })

/** The response of the stub of Secrets Manager, and the requests that it received. */
let says: (response: ServerResponse) => void = () => {}
const asked: { target: unknown; body: string }[] = []

const server = createServer(async (request, response) => {
  let body = ''
  for await (const piece of request) body += piece
  asked.push({ target: request.headers['x-amz-target'], body })
  says(response)
})
const { port, close } = await listening(server)
after(close)
const endpoint = `http://127.0.0.1:${port}`
const read = credentialsIn('the-secret', endpoint, 60_000)
const holds = (secret: Record<string, unknown>) => (response: ServerResponse) => {
  response.setHeader('content-type', 'application/x-amz-json-1.1').end(JSON.stringify(secret))
}

const lacking = new UpstreamError('client credentials: the secret lacks client_id or client_secret', false)

describe('The client credentials', () => {
  beforeEach(() => {
    asked.length = 0
  })

  it('are read each time, so that a rotated secret is picked up', async () => {
    for (const secret of ['first', 'second']) {
      says = holds({ SecretString: JSON.stringify({ client_id: 'gateway', client_secret: secret }) })
      deepEqual(await read(), { id: 'gateway', secret })
    }
    const question = { target: 'secretsmanager.GetSecretValue', body: '{"SecretId":"the-secret"}' }
    deepEqual(asked, [question, question])
  })

  each('are refused when they are malformed, and the error does not quote them', [
    {},
    { SecretString: 'canary' },
    { SecretString: 'null' },
    ...['', 1, undefined].flatMap((odd) => [
      { SecretString: JSON.stringify({ client_id: odd, client_secret: 'canary' }) },
      { SecretString: JSON.stringify({ client_id: 'canary', client_secret: odd }) },
    ]),
  ])(async (secret) => {
    says = holds(secret)
    await rejects(read(), lacking)
  })

  const cannotBeRead = (error: unknown) => {
    ok(error instanceof UpstreamError && error.cause instanceof Error)
    deepEqual([error.message, error.transient], ['client credentials: the secret cannot be read', false])
    return true
  }

  each('throw an UpstreamError when they cannot be read, after one retry of a server error', [
    [400, '{"__type":"AccessDeniedException"}', 1],
    [500, '', 2],
  ])(async ([status, body, times]) => {
    asked.length = 0
    says = (response) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(body)
    await rejects(read(), cannotBeRead)
    equal(asked.length, times)
  })

  it('throw an UpstreamError when Secrets Manager does not answer in time', async () => {
    says = () => {}
    await rejects(credentialsIn('the-secret', endpoint, 100)(), cannotBeRead)
  })
})
