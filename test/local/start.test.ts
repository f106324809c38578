import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { DynamoDBClient, GetItemCommand, ListTablesCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { each } from '../support/each.ts'
import { freePort } from '../support/ports.ts'
import { root, spawned, start } from './starting.ts'

/** A copy of the sources, for a test that edits them. */
const copied = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'imsg-sources-'))
  const folders = ['functions', 'lib', 'infra', 'local', 'client', 'service', 'docs']
  for (const name of [...folders, 'package.json', 'package-lock.json', 'cdk.json', 'tsconfig.json'])
    await cp(join(root, name), join(folder, name), { recursive: true })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

const databaseOf = (said: string): string => /database +(http:[^\s,]+)/.exec(said)?.[1] ?? ''
const client = (endpoint: string) =>
  new DynamoDBClient({
    endpoint,
    region: 'eu-north-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })

describe('npm start', () => {
  it('keeps the database in DATA_DIR after a kill, refuses a second process there, and ends at Ctrl-C', {
    timeout: 60_000,
  }, async () => {
    const [port, dataDir] = [await freePort(), await mkdtemp(join(tmpdir(), 'imsg-'))]
    const env = { PORT: String(port), DATA_DIR: dataDir, REFRESH_EVERY: '0' }
    const Item = { pk: { S: 'SUBJECT#demo#editor' } }

    const first = await start(env)
    equal(first.url, `http://localhost:${port}`, first.text())
    const database = client(databaseOf(await first.says(/database/)))
    const { TableNames: [TableName] = [] } = await database.send(new ListTablesCommand({}))
    await database.send(new PutItemCommand({ TableName, Item }))
    first.child.kill('SIGKILL')
    await first.ended

    const second = await start(env)
    const third = await start({ ...env, PORT: '0' })
    equal(third.text(), 'DATA_DIR cannot be opened: another process has it.\n')
    deepEqual(await third.ended, [1, null])

    equal((await fetch(`${second.url}/imsg-service/v1/health`)).status, 200, second.text())
    const got = await client(databaseOf(await second.says(/database/))).send(
      new GetItemCommand({ TableName, Key: Item }),
    )
    deepEqual(got.Item, Item)

    second.child.kill('SIGINT')
    deepEqual(await second.ended, [0, null])
    await rejects(fetch(`${second.url}/`))
    await rm(dataDir, { recursive: true })
    await rm(join(root, '.local', String(port)), { recursive: true })
  })

  it('reloads only the functions whose sources were saved, and keeps the database', async () => {
    const folder = await copied()
    const handler = join(folder, 'functions', 'token-is-set', 'handler.ts')
    const source = await readFile(handler, 'utf8')
    const { url, child, ended, text, says } = await start(
      { PORT: '0', REFRESH_EVERY: '0', NO_WATCH: '' },
      folder,
    )
    const health = async () => (await fetch(`${url}/imsg-service/v1/health`)).text()
    const before = await health()
    match(before, /"stateChecksum":"[0-9a-f]{64}"/, text())

    await writeFile(handler, source.replace('await access.session(request)', ''))
    match(await says(/^reloaded /m), /^reloaded token-is-set in \d+\.\d s$/m)
    const poll = async () => (await fetch(`${url}/imsg-service/v1/token-is-set`)).status
    equal(await poll(), 200)
    equal(await health(), before)

    await writeFile(handler, 'this is no source')
    match(await says(/not reloaded/), /^not reloaded: what ran before runs on$/m)
    equal(await poll(), 200)

    child.kill('SIGTERM')
    deepEqual(await ended, [0, null])
    await rm(folder, { recursive: true })
  })

  each('names an invalid setting or folder in one line, without its value', [
    [{ GRACE_PERIOD: 'soon' }, /^1 setting\(s\) to correct:\n- GRACE_PERIOD has [^\n]+\nSet them /],
    [
      { DATA_DIR: join(root, 'package.json') },
      /^DATA_DIR cannot be written: ENOTDIR: not a directory, [^\n]+\n$/,
    ],
  ])(async ([env, message]) => {
    const { ended, text } = await start({ PORT: '0', ...env })
    match(text(), message)
    deepEqual(await ended, [1, null])
  })

  it('reports missing dependencies', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'imsg-'))
    await cp(join(root, 'local'), join(folder, 'local'), { recursive: true })
    const { ended, text } = await start({}, folder)
    equal(text(), 'The dependencies are not installed. Run: npm ci\n')
    deepEqual(await ended, [1, null])
    await rm(folder, { recursive: true })
  })

  it('reports a Node.js that is too old, and how to get another one', async () => {
    const older = "Object.defineProperty(process, 'versions', { value: { node: '20.19.0' } })"
    const { ended, text } = await start({
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(older)}`,
    })
    match(
      text(),
      /^Node\.js 20\.19\.0 is too old: 24 or later is needed\.\n[^\n]+ Run: npm ci --ignore-scripts=false\n$/,
    )
    deepEqual(await ended, [1, null])
  })

  it('ends when the npm that started it is stopped', { timeout: 60_000 }, async () => {
    const { url = '', child, ended } = await start({ PORT: '0', REFRESH_EVERY: '0' }, root, ['npm', 'start'])
    equal((await fetch(url)).status, 200)
    child.kill('SIGTERM')
    // The pipes close when the last of its processes has ended.
    await ended
    await rejects(fetch(url))
  })

  it('ends at once when it is stopped during the start', async () => {
    const { child, ended, says } = spawned({ PORT: '0' })
    await says(/./)
    child.kill('SIGTERM')
    deepEqual(await ended, [0, null])
  })
})
