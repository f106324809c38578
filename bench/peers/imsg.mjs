import { createServer } from 'node:http'
import { wire } from '../../functions/token-is-set/index.ts'
import { dependencies } from '../../lib/lambda/dependencies.ts'
import { logTo } from '../../lib/log.ts'
import { remembering } from '../world.ts'
import { ready, world } from './common.mjs'

// The gateway's own handler, with its read answered from `memory` or by the embedded `database`.
const [, , store] = process.argv
Object.assign(process.env, world.environment)
const on = { ...dependencies(world.environment), log: logTo('info', () => {}) }
const handler = wire(store === 'memory' ? { ...on, table: remembering(on.table) } : on)
const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 5000 }
const server = createServer(async (request, response) => {
  const { cookie = '', ...headers } = request.headers
  const {
    statusCode,
    headers: sent,
    body,
  } = await handler(
    {
      rawQueryString: request.url.split('?')[1] ?? '',
      headers,
      cookies: cookie.split('; '),
      isBase64Encoded: false,
      requestContext: { requestId: 'bench' },
    },
    context,
  )
  response.writeHead(statusCode, sent).end(body)
})
server.listen(0, '127.0.0.1', () => ready(server.address().port))
