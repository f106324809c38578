import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, beforeEach, describe, it } from 'node:test'
import { credentialsIn } from '../lib/refresh/client-credentials.ts'
import { UpstreamError } from '../lib/refresh/upstream.ts'
import { each } from './support/each.ts'

Object.assign(process.env, { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' })

/** What a test makes Secrets Manager say, and what it was asked. */
let says: (response: ServerResponse) => void = () => {}
const asked: { target: unknown; body: string }[] = []

const server = createServer(async (request, response) => {
  let body = ''
  for await (const piece of request) body += piece
  asked.push({ target: request.headers['x-amz-target'], body })
  says(response)
}).listen(0, '127.0.0.1')
await once(server, 'listening')
after(() => {
  server.closeAllConnections()
  server.close()
})

const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const read = credentialsIn('the-secret', endpoint, 60_000)
const holds = (secret: Record<string, unknown>) => (response: ServerResponse) => {
  response.setHeader('content-type', 'application/x-amz-json-1.1').end(JSON.stringify(secret))
}

const lacking = new UpstreamError('client credentials: the secret lacks client_id or client_secret', false)

describe('The client credentials', () => {
  beforeEach(() => {
    asked.length = 0
  })

  it('are read anew each time, so that a rotated secret is picked up', async () => {
    for (const secret of ['first', 'second']) {
      says = holds({ SecretString: JSON.stringify({ client_id: 'gateway', client_secret: secret }) })
      deepEqual(await read(), { id: 'gateway', secret })
    }
    const question = { target: 'secretsmanager.GetSecretValue', body: '{"SecretId":"the-secret"}' }
    deepEqual(asked, [question, question])
  })

  each('are refused when they make no sense, and nothing of them is quoted', [
    {},
    ...[
      ...['canary', 'null', '{"client_secret":"canary"}', '{"client_id":"canary"}'],
      ...['{"client_id":"","client_secret":"canary"}', '{"client_id":"canary","client_secret":""}'],
      ...['{"client_id":1,"client_secret":"canary"}', '{"client_id":"canary","client_secret":["canary"]}'],
    ].map((SecretString) => ({ SecretString })),
  ])(async (secret) => {
    says = holds(secret)
    await rejects(read(), lacking)
  })

  const cannotBeRead = (error: unknown) => {
    ok(error instanceof UpstreamError)
    equal(error.message, 'client credentials: the secret cannot be read')
    equal(error.transient, false)
    ok(error.cause instanceof Error)
    return true
  }

  it('are an upstream failure when they may not be read', async () => {
    says = (response) => {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
      response.end('{"__type":"AccessDeniedException"}')
    }
    await rejects(read(), cannotBeRead)
    equal(asked.length, 1)
  })

  it('are asked for twice when Secrets Manager fails temporarily', async () => {
    says = (response) => response.writeHead(500).end()
    await rejects(read(), cannotBeRead)
    equal(asked.length, 2)
  })

  it('are not waited for when Secrets Manager says nothing', async () => {
    says = () => {}
    await rejects(credentialsIn('the-secret', endpoint, 100)(), cannotBeRead)
  })
})
