import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'
import { CannotStart } from './options.ts'
import type { Table } from './template.ts'

/** A running database, and how to reach it. */
export type Database = Readonly<{ url: string; close: () => Promise<void> }>

type Level = { open: () => Promise<void>; close: () => Promise<void> }

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const writable = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { recursive: true })
  } catch (error) {
    throw new CannotStart(`DATA_DIR cannot be written: ${messageOf(error)}.`)
  }
  await probe(path)
}

/**
 * Opens the store once before dynalite does. If another process has it open, dynalite would throw at its
 * first use, where nothing can catch it.
 */
const probe = async (path: string): Promise<void> => {
  const { Level }: { Level: new (path: string) => Level } = createRequire(import.meta.resolve('dynalite'))(
    'level',
  )
  const store = new Level(path)
  try {
    await store.open()
  } catch (error) {
    const reason = messageOf(error instanceof Error && error.cause ? error.cause : error)
    const isLocked = /lock/i.test(reason)
    throw new CannotStart(`DATA_DIR cannot be opened: ${isLocked ? 'another process has it' : reason}.`)
  }
  await store.close()
}

/** Starts dynalite on a free port, in memory or with a folder for its data. */
export const openDynalite = async (dataDir: string | undefined): Promise<Database> => {
  const path = dataDir && join(dataDir, 'dynamodb')
  if (path) await writable(path)
  const server = dynalite({ createTableMs: 0, ...(path && { path }) })
  // Otherwise Node may close an idle connection just when a client reuses it.
  server.keepAliveTimeout = 0
  // dynalite throws errors of a request, so a function that is stopped during a call would end this process.
  // Its own listener runs before this one.
  server.on('request', (request) => {
    request.removeAllListeners('error')
    request.on('error', () => {})
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The region of the local stack. DynamoDB Local keeps a database for each region and access key. */
export const region = 'eu-north-1'

/** Variables that Lambda sets in every function for AWS clients. */
export const localAws = { AWS_REGION: region, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' }

/** Creates missing tables. Existing ones stay as they are. */
export const createTables = async (endpoint: string, tables: readonly Table[]): Promise<void> => {
  const {
    CreateTableCommand,
    DescribeTableCommand,
    DynamoDBClient,
    ResourceInUseException,
    waitUntilTableExists,
  } = await import('@aws-sdk/client-dynamodb')
  const client = new DynamoDBClient({
    endpoint,
    region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  try {
    for (const { name: TableName, properties } of tables) {
      try {
        await client.send(
          new CreateTableCommand({
            ...(properties as Table['properties'] & CreateTableCommandInput),
            TableName,
          }),
        )
      } catch (error) {
        if (!(error instanceof ResourceInUseException)) throw error
      }
      const { Table } = await client.send(new DescribeTableCommand({ TableName }))
      if (Table?.TableStatus !== 'ACTIVE')
        await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1 }, { TableName })
    }
  } finally {
    client.destroy()
  }
}
