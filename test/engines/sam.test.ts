import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import type { Answer } from '../../lib/http/messages.ts'
import { type HttpRouteName, methodsAndPaths, prefix, type Route, routes } from '../../lib/routes.ts'
import { createTables } from '../../local/database.ts'
import { root } from '../../local/synthesis.ts'
import { planFrom } from '../../local/template.ts'
import { undeclaredIn } from '../support/declared.ts'
import { each } from '../support/each.ts'
import { freePort, until } from '../support/ports.ts'
import { openServices } from '../support/services.ts'
import { person } from '../support/visitor.ts'
import { engine } from './python.ts'

/** `npm run sam` with AWS SAM CLI. `sam.py` runs each function in a Node process instead of a container. */

const bin = engine('aws-sam-cli')
const folder = mkdtempSync(join(tmpdir(), 'imsg-sam-'))
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

/** Puts a program on the PATH of `npm run sam`. */
const program = (name: string, script: string): void => {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, name), 0o755)
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
  /** Processes form a group, so that all of them end together. */
  const start = (file: string, ...args: string[]) =>
    spawn(file, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  /** The output and status of a program. */
  const ended = async (...words: Parameters<typeof start>) => {
    const child = start(...words)
    const ends = once(child, 'close')
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
    await ends
    return { status: child.exitCode, stdout, stderr }
  }
  return { url: `http://localhost:${port}`, services, start, ended }
}

type Sent = Readonly<{ method?: string; headers?: Record<string, string>; body?: string }>

/** Headers that SAM's own server adds. */
const serverHeaders = ['server', 'date', 'connection', 'content-length']

/** One request as curl sends it, and the answer in the form in which a function gives it. */
const ask = (url: string, { body, ...options }: Sent = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const answerOf = async (message: IncomingMessage): Promise<Answer> => {
      const { 'set-cookie': cookies, ...headers } = message.headers
      const body = await text(message)
      const own = Object.entries(headers).filter(([name]) => !serverHeaders.includes(name))
      return {
        statusCode: message.statusCode ?? 0,
        headers: Object.fromEntries(own.map(([name, value]) => [name, String(value)])),
        ...(cookies && { cookies }),
        ...(body !== '' && { body }),
      }
    }
    request(url, options, (message) => void answerOf(message).then(resolve, reject))
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

const npmRunSam = [process.execPath, 'local/sam.ts'] as const

const suite = async (): Promise<void> => {
  const { url, services, start, ended } = await openSam()

  describe('sam local invoke', () => {
    it('runs health with its sample event', async () => {
      const { status, stdout, stderr } = await ended(...npmRunSam, 'invoke', 'health')
      equal(status, 0, stderr)
      match(stdout, /"statusCode":500,.*No checksum string/)
    })

    it('runs refresh-state, which loads the state', async () => {
      const { tables } = planFrom(JSON.parse(readFileSync(template, 'utf8')), dirname(template))
      await createTables(services.databaseUrl, tables)
      const { status, stdout, stderr } = await ended(...npmRunSam, 'invoke', 'refresh-state')
      equal(status, 0, stderr)
      match(stdout, /\{"outcome":"changed"\}/)
    })
  })

  it('sam validate --lint finds nothing in the template', async () => {
    const { status, stdout, stderr } = await ended(join(folder, 'sam'), 'validate', '--lint', '-t', template)
    equal(status, 0, stdout + stderr)
  })

  describe('sam local start-api', () => {
    let api: ReturnType<typeof start>
    before(async () => {
      api = start(...npmRunSam)
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

    each(
      'answers a plain request to each route as the OpenAPI document says',
      httpRoutes,
    )(async ({ name, method, path }) => {
      const answer = await ask(url + path, { method, headers: { accept: 'application/problem+json' } })
      deepEqual(undeclaredIn(name, answer), [])
      ok(answer.statusCode < 500, answer.body)
    })

    it('sends unmatched requests to not-found', async () => {
      const { statusCode, headers, body } = await ask(`${url}${prefix}/nothing`)
      deepEqual(
        [statusCode, headers['x-content-type-options'], body],
        [404, 'nosniff', '"errors.api.NotFound"'],
      )
    })

    it('lets a person sign in, list and choose units, and sign out', async () => {
      const { signIn, poll, units, choose, signOut } = person(url)
      deepEqual([await signIn(), await poll(), await choose('south')], [true, 200, 200])
      deepEqual([(await units()).preferred, await signOut(), await poll()], ['south', 200, 401])
    })

    it('passes on bearer tokens, prefetch headers, foreign origins and malformed bodies', async () => {
      const token = await services.token()
      const headers = { Cookie: `imidToken=${token}; theme="a b"`, 'Content-Type': 'application/json' }
      const unit = (body: string, Origin: string) =>
        ask(`${url}${prefix}/unit`, { method: 'POST', headers: { ...headers, Origin }, body })
      const answers = [
        await ask(`${url}${prefix}/authorize?org=demo`, { headers: { Authorization: `Bearer ${token}` } }),
        await ask(`${url}${prefix}/login?org=demo&callback=/`, { headers: { 'Sec-Purpose': 'prefetch' } }),
        await unit('{"unit":"south"}', 'https://elsewhere.example'),
        await unit('{"unit":', url),
        await unit('{"unit":"south"}', url),
      ]
      deepEqual(
        answers.map(({ statusCode }) => statusCode),
        [200, 401, 403, 400, 200],
      )
    })
  })
}

if (bin) await suite()
