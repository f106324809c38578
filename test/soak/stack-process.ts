import { startStack } from '../../local/stack.ts'

/** The local stack in a separate process, so that its memory can be measured. */

process.on('disconnect', () => process.exit())
const AWS_ENDPOINT_URL_DYNAMODB = process.argv[2] ?? ''
const stack = await startStack({ port: 0, idpPort: 0, env: { AWS_ENDPOINT_URL_DYNAMODB } })
process.send?.(stack.url)
setInterval(() => process.send?.(process.memoryUsage.rss()), 1000)
