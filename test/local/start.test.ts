import { deepEqual, equal, match } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'

const root = join(import.meta.dirname, '..', '..')
const started: ChildProcess[] = []
after(() => {
  for (const child of started) child.kill('SIGKILL')
})

/** `npm start` without npm, and what it says until it is ready or has ended. */
const start = async (env: Record<string, string>) => {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, ['local/start.ts'], {
    cwd: root,
    env: { PATH, HOME, NO_WATCH: '1', IDP_PORT: '0', ...env },
  })
  started.push(child)
  let text = ''
  const ended = once(child, 'close')
  const ready = new Promise<string | undefined>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (data) => {
        text += data
        const [, url] = /^ready (\S+)$/m.exec(text) ?? []
        if (url) resolve(url)
      })
    ended.then(() => resolve(undefined))
  })
  const url = await ready
  return { child, url, ended, text: () => text }
}

const free = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}

const note = async (port: number) => JSON.parse(await readFile(join(root, '.local', `${port}.json`), 'utf8'))
const client = (endpoint: string) =>
  new DynamoDBClient({
    endpoint,
    region: 'eu-north-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })

const tableOf = async (port: number): Promise<string> => {
  const template = JSON.parse(
    await readFile(join(root, '.local', String(port), 'imsg-service.template.json'), 'utf8'),
  )
  const resources: [string, { Type: string }][] = Object.entries(template.Resources)
  return resources.find(([, { Type }]) => Type === 'AWS::DynamoDB::GlobalTable')?.[0] ?? ''
}

describe('npm start', () => {
  it('keeps the database in DATA_DIR through a kill, and ends at Ctrl-C', { timeout: 60_000 }, async () => {
    const [port, dataDir] = [await free(), await mkdtemp(join(tmpdir(), 'imsg-'))]
    const env = { PORT: String(port), DATA_DIR: dataDir, REFRESH_EVERY: '0' }
    const Item = { pk: { S: 'SUBJECT#demo#editor' } }

    const first = await start(env)
    equal(first.url, `http://localhost:${port}`, first.text())
    const TableName = await tableOf(port)
    await client((await note(port)).databaseUrl).send(new PutItemCommand({ TableName, Item }))
    first.child.kill('SIGKILL')
    await first.ended

    const second = await start(env)
    const third = await start({ ...env, PORT: '0' })
    equal(third.text(), 'DATA_DIR cannot be opened: another process has it.\n')
    deepEqual(await third.ended, [1, null])

    equal((await fetch(`${second.url}/imsg-service/v1/health`)).status, 200, second.text())
    const got = await client((await note(port)).databaseUrl).send(
      new GetItemCommand({ TableName, Key: Item }),
    )
    deepEqual(got.Item, Item)

    second.child.kill('SIGINT')
    deepEqual(await second.ended, [0, null])
    await fetch(`${second.url}/`).then(
      () => Promise.reject(new Error('still there')),
      () => {},
    )
    await rm(dataDir, { recursive: true })
    await rm(join(root, '.local', String(port)), { recursive: true })
  })

  for (const variable of ['PORT', 'IDP_PORT'])
    it(`says in one line which port is taken, and that ${variable} chooses another`, async () => {
      const taken = createServer().listen(0, '127.0.0.1')
      await once(taken, 'listening')
      const port = String((taken.address() as { port: number }).port)
      const { ended, text } = await start({ PORT: '0', [variable]: port })
      deepEqual(await ended, [1, null])
      equal(text(), `Port ${port} is taken. Set ${variable} to another one, or stop what listens there.\n`)
      taken.close()
    })

  for (const [what, env, message] of [
    ['a port that is none', { PORT: 'http' }, /^PORT has to be a whole number between 0 and 65535\.\n$/],
    [
      'an Access Token service without credentials',
      { ACCESS_TOKEN_URL: 'https://token.example' },
      /^CLIENT_ID and CLIENT_SECRET are missing: [^\n]+\n$/,
    ],
    [
      'settings that the stack refuses, by name and not by value',
      { GRACE_PERIOD: 'soon', COOKIE_DOMAIN: 'co.uk' },
      /^synthesising[^\n]+\n\d setting\(s\) to correct:\n- GRACE_PERIOD has [^\n]+\n- COOKIE_DOMAIN is [^\n]+\n/,
    ],
  ] as const)
    it(`refuses ${what}`, async () => {
      const { ended, text } = await start({ PORT: '0', ...env })
      match(text(), message)
      deepEqual(await ended, [1, null])
    })

  it('ends at once when it is stopped while it starts', async () => {
    const { PATH = '', HOME = '' } = process.env
    const child = spawn(process.execPath, ['local/start.ts'], {
      cwd: root,
      env: { PATH, HOME, PORT: '0', IDP_PORT: '0' },
    })
    started.push(child)
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    deepEqual(await once(child, 'close'), [0, null])
  })
})
