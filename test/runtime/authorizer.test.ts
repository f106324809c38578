import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'node:test'
import { build } from 'esbuild'
import { visitorOf } from '../../service/authorizer.ts'
import { cases, described, rules, type Served } from '../service/cases.ts'
import type { Seen, Wish } from '../support/visitor.ts'
import { startInstance } from './runtime-api.ts'

/** An authorizer as somebody deploys one, bundled, under the real runtime client; and what API Gateway makes of its answers. */

const source = `
  import { authorization } from './index.ts'
  import { authorizer } from './authorizer.ts'
  const { GATEWAY: gateway, REMEMBER: remember, RULES: rules } = process.env
  const auth = authorization({ gateway, remember: Number(remember) })
  const guards = Object.fromEntries(
    Object.entries(JSON.parse(rules)).map(([path, rule]) => [path, authorizer(auth, rule)]),
  )
  export const handler = (event) => guards[event.rawPath](event)`

const open = async ({ gateway, remember }: { gateway: string; remember: number }): Promise<Served> => {
  const folder = mkdtempSync(join(tmpdir(), 'authorizer-'))
  await build({
    stdin: { contents: source, resolveDir: join(import.meta.dirname, '../../service'), loader: 'js' },
    outfile: join(folder, 'index.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
  })
  const instance = await startInstance(
    {
      name: 'guard',
      folder,
      handler: 'index.handler',
      timeoutSeconds: 5,
      memoryMegabytes: 128,
      variables: { GATEWAY: gateway, REMEMBER: String(remember), RULES: JSON.stringify(rules) },
    },
    { AWS_REGION: 'local', PATH: process.env.PATH ?? '' },
  )

  const ask = async (path: string, { method = 'GET', headers = {} }: Wish = {}): Promise<Seen> => {
    const { cookie, ...rest } = headers
    const [rawPath = '', rawQueryString = ''] = path.split('?')
    const event = {
      version: '2.0',
      type: 'REQUEST',
      rawPath,
      rawQueryString,
      headers: rest,
      ...(cookie !== undefined && { cookies: cookie.split('; ') }),
      requestContext: { http: { method, path: rawPath } },
    }
    const { failed, json } = await instance.invoke(JSON.stringify(event))
    if (failed) return { status: 500, headers: {}, body: json }
    const { isAuthorized, context } = JSON.parse(json)
    if (!isAuthorized) return { status: 403, headers: {}, body: '{"message":"Forbidden"}' }
    const behind = { requestContext: { authorizer: { lambda: context } } }
    return { status: 200, headers: {}, body: JSON.stringify(described(visitorOf(behind))) }
  }
  return {
    ask,
    close: async () => {
      instance.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

describe('the authorizer under the runtime client of Lambda', () =>
  cases({ open, as: { 302: 403, 401: 403, 503: 500 } }))
