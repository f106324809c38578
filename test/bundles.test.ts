import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { bundle } from '../infra/bundling.ts'
import type { Endpoint } from '../lib/lambda/endpoint.ts'
import type { Report } from '../lib/refresh/scheduled.ts'
import { type HttpRouteName, type Route, routes } from '../lib/routes.ts'
import { createTables, openDynalite, region } from '../local/database.ts'
import { startIdentity } from '../local/identity/server.ts'
import { asProblem, eventOf, navigation } from './support/gateway.ts'

/** The files of a function as they are deployed: what is in the second one is loaded when it is needed, and not before. */

const root = mkdtempSync(join(tmpdir(), 'imsg-bundles-'))
after(() => rmSync(root, { recursive: true }))

const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => 5000 } as never

/** A fresh instance of a function, deployed without one of its files. */
const deployed = async (name: string, without?: string) => {
  const folder = mkdtempSync(join(root, `${name}-`))
  bundle(name, folder)
  if (without !== undefined) rmSync(join(folder, without))
  return (await import(pathToFileURL(join(folder, 'index.mjs')).href)).handler
}

describe('the files of a function', () => {
  it('are what a cold start loads and what may come later', () => {
    for (const [name, row] of Object.entries<Route>(routes)) {
      const folder = mkdtempSync(join(root, `${name}-`))
      bundle(name, folder)
      deepEqual(readdirSync(folder), ['index.mjs', 'every' in row ? 'public-suffix.mjs' : 'texts.mjs'], name)
    }
  })

  it('can be read by Lambda, whatever the umask of whoever builds them', () => {
    const folder = join(root, 'umask')
    const build = `process.umask(0o077); (await import('./infra/bundling.ts')).bundle('health', ${JSON.stringify(folder)})`
    const { status, stderr } = spawnSync(process.execPath, ['-e', build], { encoding: 'utf8' })
    equal(status, 0, stderr)
    const files = ['.', ...readdirSync(folder)].map((name) => [
      name,
      statSync(join(folder, name)).mode & 0o777,
    ])
    deepEqual(files, [
      ['.', 0o755],
      ['index.mjs', 0o644],
      ['texts.mjs', 0o644],
    ])
  })
})

describe('the words of a refusal', () => {
  const ask = (handler: Endpoint, headers: Record<string, string> = {}, name: HttpRouteName = 'health') =>
    handler(eventOf(name, { headers }), context)

  // Without settings every request is refused.
  it('are loaded for a page and for a problem document', async () => {
    const handler = await deployed('health')
    match((await ask(handler, navigation)).body ?? '', /<h1>Something went wrong<\/h1>/)
    match(
      (await ask(handler, { ...navigation, 'accept-language': 'sv' })).body ?? '',
      /<h1>Något gick fel<\/h1>/,
    )
    equal(JSON.parse((await ask(handler, asProblem)).body ?? '{}').title, 'Something went wrong')
  })

  it('are not loaded for a key', async () => {
    const handler = await deployed('health', 'texts.mjs')
    equal((await ask(handler)).body, '"errors.api.InternalServerError"')
    await rejects(ask(handler, navigation), { code: 'ERR_MODULE_NOT_FOUND' })
  })
})

describe('the public suffix list', async () => {
  const [identity, database] = await Promise.all([
    startIdentity({ port: 0, clientId: 'gateway', clientSecret: 'secret' }),
    openDynalite(undefined),
  ])
  after(() => Promise.all([identity.close(), database.close()]))
  await createTables(database.url, [
    {
      name: 'bundles',
      properties: {
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      },
    },
  ])
  const settings = {
    PUBLIC_URL: 'https://gw.example.test',
    IMAS_URL: identity.url,
    TOKEN_ISSUER: 'unchecked',
    TOKEN_AUDIENCE: 'unchecked',
    LOG_LEVEL: 'error',
    TABLE_NAME: 'bundles',
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: database.url,
  }
  const refresh = async (more: Record<string, string>, forced: boolean): Promise<Report> => {
    Object.assign(process.env, settings, more)
    return (await deployed('refresh-state', 'public-suffix.mjs'))({ forced }, context)
  }

  it('is not loaded where keys alone are fetched', async () => {
    deepEqual(await refresh({}, false), { outcome: 'changed' })
    deepEqual(await refresh({ ADMIN_API_URL: identity.url, ACCESS_TOKEN_URL: identity.url }, true), {
      outcome: 'unchanged',
    })
  })

  it('is loaded where organisations are', async () => {
    deepEqual(await refresh({ ADMIN_API_URL: identity.url, ACCESS_TOKEN_URL: identity.url }, false), {
      outcome: 'failed',
    })
  })
})
