import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Functions } from './functions.ts'
import { objectIn } from './json.ts'

/**
 * A stand-in for the two AWS calls that functions make besides DynamoDB: Lambda's Invoke and Secrets
 * Manager's GetSecretValue.
 */

/** The value of every secret: the credentials for the Access Token service. */
export type Credentials = Readonly<{ clientId: string; clientSecret: string }>

const invocation = /^\/2015-03-31\/functions\/([^/?]+)\/invocations$/

const send = (response: ServerResponse, status: number, json: string, headers = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(json)
}

/**
 * Whether a program on this machine sent the request: calls are not signed here. A page in a browser sends an
 * origin or, after DNS rebinding, another host.
 */
const isForeign = ({ headers }: IncomingMessage): boolean =>
  headers.origin !== undefined ||
  headers['sec-fetch-site'] !== undefined ||
  !/^(127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(headers.host ?? '')

const invoke = async (
  functions: Pick<Functions, 'invoke'>,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
) => {
  const event = (await text(request)) || '{}'
  const refuse = (status: number, message: string) =>
    send(response, status, JSON.stringify({ Type: 'User', message }))
  if (!objectIn(event)) return refuse(400, 'The event has to be a JSON object.')
  const outcome = functions.invoke(name, event)
  if (!outcome) return refuse(404, `Function not found: ${name}`)
  if (request.headers['x-amz-invocation-type'] === 'Event') return send(response, 202, '')
  const { failed, json } = await outcome
  send(response, 200, json, {
    'x-amz-executed-version': '$LATEST',
    ...(failed && { 'x-amz-function-error': 'Unhandled' }),
  })
}

const secret = async (
  { clientId, clientSecret }: Credentials,
  request: IncomingMessage,
  response: ServerResponse,
) => {
  const { SecretId } = objectIn(await text(request)) ?? {}
  if (typeof SecretId !== 'string') return send(response, 400, '{"__type":"InvalidParameterException"}')
  const SecretString = JSON.stringify({ client_id: clientId, client_secret: clientSecret })
  send(response, 200, JSON.stringify({ ARN: SecretId, Name: SecretId, SecretString }))
}

/** Answers the two calls. */
export const awsCalls =
  (functions: Pick<Functions, 'invoke'>, credentials: Credentials): RequestListener =>
  async (request, response) => {
    if (isForeign(request)) return send(response, 403, '{"message":"Forbidden"}')
    const name = invocation.exec(request.url ?? '')?.[1]
    const target = request.headers['x-amz-target']
    try {
      if (request.method === 'POST' && name !== undefined)
        await invoke(functions, decodeURIComponent(name), request, response)
      else if (request.method === 'POST' && target === 'secretsmanager.GetSecretValue')
        await secret(credentials, request, response)
      else send(response, 400, '{"__type":"UnknownOperationException"}')
    } catch {
      if (!response.headersSent) send(response, 500, '{"__type":"InternalFailure"}')
    }
  }
