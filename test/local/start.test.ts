import { deepEqual, equal, match, rejects, throws } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { certificateIn } from '../../local/https.ts'
import { takePort } from '../../local/platform.ts'
import { trustLocalhost } from '../../local/trust.ts'
import { freePort } from '../support/ports.ts'

const root = join(import.meta.dirname, '..', '..')
const started: ChildProcess[] = []
after(() => {
  for (const child of started) child.kill('SIGKILL')
})

/** `npm start` without npm, and what it says until it is ready or has ended. */
const start = async (env: Record<string, string>, cwd = root, ...args: string[]) => {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, ['local/start.mjs', ...args], {
    cwd,
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
  /** Waits until it has said this, or has ended. */
  const says = async (words: RegExp): Promise<string> => {
    const over = AbortSignal.timeout(60_000)
    while (!words.test(text) && child.exitCode === null && !over.aborted)
      await new Promise((resolve) => setTimeout(resolve, 50))
    return text
  }
  return { child, url, ended, text: () => text, says }
}

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

/** A request without a `Sec-Fetch-Mode`, which `fetch` would add. Cookies are given as they were set. */
const ask = async (url: string, cookies: readonly string[] = []) => {
  const cookie = cookies.map((set) => set.split(';')[0]).join('; ')
  const [answer] = await once(get(url, { headers: { cookie }, agent: false }), 'response')
  const { statusCode, headers } = answer.resume() as IncomingMessage
  return { status: statusCode, location: headers.location ?? '', cookies: headers['set-cookie'] ?? [] }
}

describe('npm start -- --https', () => {
  it('serves gateway and identity service below one domain, with the cookies of a deployment', async () => {
    const { url, child, ended, text, says } = await start({ PORT: '0', REFRESH_EVERY: '0' }, root, '--https')
    match(url ?? '', /^https:\/\/gateway\.imsg\.localhost:\d+$/, text())
    const [, file = ''] = /certificate +(\S+), made/.exec(await says(/, made by \w+/)) ?? []
    trustLocalhost(await readFile(file, 'utf8'))

    const begun = await ask(`${url}/imsg-service/v1/login?org=demo&callback=/`)
    match(begun.location, /^https:\/\/identity\.imsg\.localhost:\d+\//)
    const back = await ask(`${begun.location}&subject=editor`)
    const signedIn = await ask(back.location, begun.cookies)
    const cookies = signedIn.cookies.filter((cookie) => !cookie.includes('Max-Age=0'))
    deepEqual(
      cookies.map((cookie) => cookie.replace(/=[^;]*/, '').replace(/Max-Age=\d+; /, '')),
      [
        'imidToken; Path=/; Domain=imsg.localhost; HttpOnly; Secure; SameSite=Lax',
        '__Host-imsg-seal; Path=/; HttpOnly; Secure; SameSite=Lax',
        '__Host-imsg-rounds; Path=/; HttpOnly; Secure; SameSite=Lax',
      ],
    )
    equal((await ask(`${url}/imsg-service/v1/token-is-set`, cookies)).status, 200)
    equal((await ask(`${url}/whoami`, cookies)).status, 200)
    child.kill('SIGTERM')
    await ended
  })

  it('takes mkcert, or else openssl, and says so where there is neither', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'imsg-https-'))
    const { PATH = '' } = process.env
    equal(certificateIn(join(folder, 'a'), { PATH }).madeBy, 'openssl')

    const script = `#!/bin/sh
[ "$1" = -CAROOT ] && echo "${folder}" && exit
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test -keyout "$2" -out "${folder}/rootCA.pem"
cp "${folder}/rootCA.pem" "$4"`
    await writeFile(join(folder, 'mkcert'), script, { mode: 0o755 })
    const made = certificateIn(join(folder, 'b'), { PATH: `${folder}:${PATH}` })
    deepEqual([made.madeBy, made.files.authority], ['mkcert', join(folder, 'rootCA.pem')])

    throws(() => certificateIn(join(folder, 'c'), { PATH: join(folder, 'nothing') }), {
      message:
        'npm start -- --https needs mkcert or openssl to make a certificate, and finds neither. Install one of them.',
    })
    await rm(folder, { recursive: true })
  })
})

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
