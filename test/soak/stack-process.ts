import { type Stack, startStack } from '../../local/stack.ts'

/** The local stack in a process of its own, so that its memory can be watched without that of whoever asks it. */

const database = process.argv[2] ?? ''
const send = (message: unknown): void => {
  process.send?.(message)
}

let stack: Stack | undefined
process.on('disconnect', async () => {
  setTimeout(() => process.exit(), 2000).unref()
  await stack?.close()
  process.exit()
})
stack = await startStack({ port: 0, idpPort: 0, env: { AWS_ENDPOINT_URL_DYNAMODB: database } })
send({ kind: 'ready', url: stack.url, identityUrl: stack.identityUrl })
setInterval(() => send({ kind: 'memory', rss: process.memoryUsage.rss() }), 1000)
