import { deepEqual, equal, match, ok } from 'node:assert/strict'
import {
  type ChildProcessByStdio,
  type SpawnOptionsWithStdioTuple,
  type StdioNull,
  type StdioPipe,
  spawn,
} from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import type { Answer } from '../../lib/http/messages.ts'
import { type HttpRouteName, methodsAndPaths, prefix, type Route, routes } from '../../lib/routes.ts'
import { createTables } from '../../local/database.ts'
import { root } from '../../local/synthesis.ts'
import { planFrom } from '../../local/template.ts'
import { undeclaredIn } from '../support/declared.ts'
import { freePort, until } from '../support/ports.ts'
import { openServices } from '../support/services.ts'
import { person } from '../support/visitor.ts'
import { engine } from './python.ts'

/**
 * `npm run sam` with the code of AWS SAM CLI: it reads the template, routes the requests, makes the events and takes the answers. Only
 * Docker is missing: `sam.py` runs each function in a Node process where SAM would run a container.
 */

const bin = engine('aws-sam-cli')
const folder = mkdtempSync(join(tmpdir(), 'imsg-sam-'))
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

/** Puts a program on the PATH of `npm run sam`. */
const program = (name: string, script: string): void => {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, name), 0o755)
}

type Running = ChildProcessByStdio<null, Readable, Readable>

/** What a program said, once it has ended. */
const ended = async (program: Running) => {
  const ends = once(program, 'close')
  const [stdout, stderr] = await Promise.all([text(program.stdout), text(program.stderr)])
  await ends
  return { status: program.exitCode, stdout, stderr }
}

const openSam = async () => {
  program('docker', 'exit 0')
  program('sam', `exec '${bin}/python' '${join(import.meta.dirname, 'sam.py')}' "$@"`)
  const services = await openServices()
  after(services.close)
  const port = await freePort()
  const env = {
    PATH: [folder, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    HOME: folder,
    NODE: process.execPath,
    SAM_CLI_TELEMETRY: '0',
    AWS_EC2_METADATA_DISABLED: 'true',
    PORT: String(port),
    ...services.settings,
    ...services.platform,
  }
  const options: SpawnOptionsWithStdioTuple<StdioNull, StdioPipe, StdioPipe> = {
    cwd: root,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  }
  const npmRunSam = (...args: string[]) => spawn(process.execPath, ['local/sam.ts', ...args], options)
  return {
    url: `http://localhost:${port}`,
    services,
    /** `npm run sam` with a command that ends by itself. */
    invoke: (name: string) => ended(npmRunSam('invoke', name)),
    validate: (file: string) =>
      ended(spawn(join(folder, 'sam'), ['validate', '--lint', '-t', file], options)),
    /** `npm run sam` as it stays. Its processes form a group, so that all of them end with it. */
    start: () => npmRunSam(),
  }
}

type Sent = Readonly<{ method?: string; headers?: Record<string, string | string[]>; body?: string }>

/** What the server of SAM says for itself. */
const ofServer = ['server', 'date', 'connection', 'content-length']

/** One request as curl sends it, and the answer in the form in which a function gives it. */
const ask = (url: string, { body, ...options }: Sent = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const took = async (message: IncomingMessage): Promise<Answer> => {
      const { 'set-cookie': cookies, ...headers } = message.headers
      const body = await text(message)
      const own = Object.entries(headers).filter(([name]) => !ofServer.includes(name))
      return {
        statusCode: message.statusCode ?? 0,
        headers: Object.fromEntries(own.map(([name, value]) => [name, String(value)])),
        ...(cookies && { cookies }),
        ...(body !== '' && { body }),
      }
    }
    request(url, options, (message) => void took(message).then(resolve, reject))
      .once('error', reject)
      .end(body)
  })

const template = join(root, '.local', 'sam', 'sam.template.json')

const httpRoutes = Object.entries<Route>(routes).flatMap(([name, row]) =>
  methodsAndPaths(row).map(({ method, path }) => ({
    name: name as HttpRouteName,
    method,
    path: path.replace('{org}', 'demo'),
  })),
)

const suite = async (): Promise<void> => {
  const { url, services, invoke, validate, start } = await openSam()
  const sessionOf = () => services.token()

  describe('sam local invoke', () => {
    it('runs health with the event that is there for it', async () => {
      const { status, stdout, stderr } = await invoke('health')
      equal(status, 0, stderr)
      match(stdout, /"statusCode":500,.*No checksum string/)
    })

    it('runs refresh-state, which loads the state', async () => {
      const { tables } = planFrom(JSON.parse(readFileSync(template, 'utf8')), dirname(template))
      await createTables(services.databaseUrl, tables)
      const { status, stdout, stderr } = await invoke('refresh-state')
      equal(status, 0, stderr)
      match(stdout, /\{"outcome":"changed"\}/)
    })
  })

  it('sam validate --lint finds nothing in the template', async () => {
    const { status, stdout, stderr } = await validate(template)
    equal(status, 0, stdout + stderr)
  })

  describe('sam local start-api', () => {
    let api: Running
    before(async () => {
      api = start()
      const answers = () =>
        ask(`${url}${prefix}/health`).then(
          () => true,
          () => false,
        )
      ok(await until(answers, api), 'SAM does not answer')
    })
    after(async () => {
      const ends = once(api, 'close')
      process.kill(-Number(api.pid), 'SIGKILL')
      await ends
    })

    for (const { name, method, path } of httpRoutes)
      it(`a plain ${method} to ${name} is answered as the OpenAPI document says`, async () => {
        const answer = await ask(url + path, { method, headers: { accept: 'application/problem+json' } })
        deepEqual(undeclaredIn(name, answer), [])
        ok(answer.statusCode < 500, answer.body)
      })

    it('what no route matches is answered by the function for it', async () => {
      const { statusCode, headers, body } = await ask(`${url}${prefix}/nothing`)
      deepEqual(
        [statusCode, headers['x-content-type-options'], body],
        [404, 'nosniff', '"errors.api.NotFound"'],
      )
    })

    it('somebody signs in, lists and chooses units, and signs out', async () => {
      const { signIn, poll, units, choose, signOut } = person(url)
      deepEqual([await signIn(), await poll(), await choose('south')], [true, 200, 200])
      deepEqual([(await units()).preferred, await signOut(), await poll()], ['south', 200, 401])
    })

    for (const path of ['/units', '/authorize?org=demo'])
      it(`a bearer counts, whatever else the request carries: ${path}`, async () => {
        const headers = { Authorization: `Bearer ${await sessionOf()}`, Cookie: 'theme="a b"; x={"y":1}' }
        const { statusCode, body } = await ask(url + prefix + path, { headers })
        equal(statusCode, 200, body)
      })

    it('of two cookies of one name SAM hands on the first alone', async () => {
      const headers = { Cookie: `imidToken=${await sessionOf()}; imidToken=x` }
      equal((await ask(`${url}${prefix}/token-is-set`, { headers })).statusCode, 200)
    })

    it('a request is judged by its headers: a prefetch, a foreign page, a bad body', async () => {
      const headers = { Cookie: `imidToken=${await sessionOf()}`, 'Content-Type': 'application/json' }
      const unit = (body: string, origin: string) =>
        ask(`${url}${prefix}/unit`, { method: 'POST', headers: { ...headers, Origin: origin }, body })
      const prefetch = { headers: { 'Sec-Purpose': 'prefetch' } }
      const answers = [
        await ask(`${url}${prefix}/login?org=demo&callback=/`, prefetch),
        await unit('{"unit":"south"}', 'https://elsewhere.example'),
        await unit('{"unit":', url),
        await unit('{"unit":"south"}', url),
      ]
      deepEqual(
        answers.map(({ statusCode }) => statusCode),
        [401, 403, 400, 200],
      )
    })
  })
}

if (bin) await suite()
