import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { takePort } from '../../local/platform.ts'
import { freePort } from '../support/ports.ts'
import { root, start, started } from './starting.ts'

/** The sources in a folder of their own, for a test that edits them. */
const copied = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'imsg-sources-'))
  const needed = [
    'functions',
    'lib',
    'infra',
    'local',
    'client',
    'service',
    'docs',
    'package.json',
    'package-lock.json',
  ]
  for (const name of [...needed, 'cdk.json', 'tsconfig.json'])
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

const tableOf = async (port: number): Promise<string> => {
  const template = JSON.parse(
    await readFile(join(root, '.local', String(port), 'imsg-service.template.json'), 'utf8'),
  )
  const resources: [string, { Type: string }][] = Object.entries(template.Resources)
  return resources.find(([, { Type }]) => Type === 'AWS::DynamoDB::GlobalTable')?.[0] ?? ''
}

describe('npm start', () => {
  it('keeps the database in DATA_DIR through a kill, and ends at Ctrl-C', { timeout: 60_000 }, async () => {
    const [port, dataDir] = [await freePort(), await mkdtemp(join(tmpdir(), 'imsg-'))]
    const env = { PORT: String(port), DATA_DIR: dataDir, REFRESH_EVERY: '0' }
    const Item = { pk: { S: 'SUBJECT#demo#editor' } }

    const first = await start(env)
    equal(first.url, `http://localhost:${port}`, first.text())
    const TableName = await tableOf(port)
    await client(databaseOf(await first.says(/database/))).send(new PutItemCommand({ TableName, Item }))
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
    await fetch(`${second.url}/`).then(
      () => Promise.reject(new Error('still there')),
      () => {},
    )
    await rm(dataDir, { recursive: true })
    await rm(join(root, '.local', String(port)), { recursive: true })
  })

  it('reloads a function whose source was saved, and no other, without losing the database', async () => {
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
      /^\d setting\(s\) to correct:\n- GRACE_PERIOD has [^\n]+\n- COOKIE_DOMAIN has [^\n]+\n- COOKIE_DOMAIN is [^\n]+\n/,
    ],
    [
      'a data folder that cannot be made',
      { DATA_DIR: join(root, 'package.json') },
      /^DATA_DIR cannot be written: ENOTDIR: not a directory, [^\n]+\n$/,
    ],
  ] as const)
    it(`refuses ${what}`, async () => {
      const { ended, text } = await start({ PORT: '0', ...env })
      match(text(), message)
      deepEqual(await ended, [1, null])
    })

  it('says that the dependencies are not installed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'imsg-'))
    await cp(join(root, 'local'), join(folder, 'local'), { recursive: true })
    const { ended, text } = await start({}, folder)
    equal(text(), 'The dependencies are not installed. Run: npm ci\n')
    deepEqual(await ended, [1, null])
    await rm(folder, { recursive: true })
  })

  it('says that Node.js is too old, and how to get another one', async () => {
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

  it('says that a port needs more rights', async () => {
    const refused = () => Promise.reject(Object.assign(new Error('listen'), { code: 'EACCES' }))
    await rejects(takePort(refused, 80, 'PORT'), {
      message: 'Port 80 needs rights that this process does not have. Set PORT to one above 1023.',
    })
  })

  it('takes its settings from a file alone, and what is not a setting from the environment too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'imsg-'))
    const file = join(folder, 'my.env')
    await writeFile(file, 'COOKIE_DOMAIN=co.uk\nIDP_PORT=none\n')
    const env = { PORT: '0', GRACE_PERIOD: 'soon', COOKIE_DOMIAN: 'x' }
    const { ended, text } = await start(env, root, '--settings', file)
    match(text(), /^! COOKIE_DOMIAN in the environment is not a setting: COOKIE_DOMAIN is\.\n/)
    match(text(), /\n2 setting\(s\) to correct:\n- COOKIE_DOMAIN has [^\n]+\n- COOKIE_DOMAIN is [^\n]+\n/)
    deepEqual(await ended, [1, null])

    await writeFile(file, 'COOKIE_DOMIAN=x\n')
    const misspelt = await start(env, root, '--settings', file)
    equal(misspelt.text(), 'COOKIE_DOMIAN in the settings file is not a setting: COOKIE_DOMAIN is.\n')
    await rm(folder, { recursive: true })
  })

  it('refuses an argument that it does not know', async () => {
    const { ended, text } = await start({ PORT: '0' }, root, '--nonsense')
    equal(
      text(),
      'npm start does not understand --nonsense. It takes --provider, --https and --settings <file>.\n',
    )
    deepEqual(await ended, [1, null])
  })

  it('ends with the npm that started it, also when that was killed', { timeout: 60_000 }, async () => {
    const { PATH = '', HOME = '' } = process.env
    const npm = spawn('npm', ['start'], {
      cwd: root,
      env: { PATH, HOME, PORT: '0', IDP_PORT: '0', NO_WATCH: '1', REFRESH_EVERY: '0' },
    })
    started.push(npm)
    const url = await new Promise<string>((resolve) => {
      npm.stdout.setEncoding('utf8').on('data', (data: string) => {
        const [, ready] = /^ready (\S+)$/m.exec(data) ?? []
        if (ready !== undefined) resolve(ready)
      })
    })
    equal((await fetch(url)).status, 200)
    npm.kill('SIGTERM')
    // The pipes close when the last of its processes has ended.
    await once(npm, 'close')
    await fetch(url).then(
      () => Promise.reject(new Error('still there')),
      () => {},
    )
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
