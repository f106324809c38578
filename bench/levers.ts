import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BuildOptions, buildSync } from 'esbuild'
import { entry, esbuildOptions } from '../infra/bundling.ts'
import { median, turned } from './figures.ts'
import { openRuntimeApi, type Run } from './runtime-api.ts'
import type { World } from './world.ts'

/** What each lever of a cold start is worth: `token-is-set` as it is deployed, and the same with one thing undone or added. */

type Variant = Readonly<{ options?: BuildOptions; environment?: Record<string, string> }>

const without = (...names: readonly string[]): Variant => ({
  options: {
    alias: Object.fromEntries(Object.entries(esbuildOptions.alias).filter(([name]) => !names.includes(name))),
  },
})

/** Signatures by `node:crypto`, for comparison alone: WebCrypto, which jose uses, is a part of Node that has to be loaded. */
const cryptoAlone = `
const { createPublicKey, verify } = process.getBuiltinModule('node:crypto')
export const importJWK = undefined
const imported = new WeakMap()
export const compactVerify = async (raw, jwk, { algorithms: [alg] }) => {
  const key = imported.get(jwk) ?? createPublicKey({ key: jwk, format: 'jwk' })
  imported.set(jwk, key)
  const end = raw.lastIndexOf('.')
  const signature = Buffer.from(raw.slice(end + 1), 'base64url')
  if (!verify('sha' + alg.slice(2), Buffer.from(raw.slice(0, end)), key, signature)) throw new Error('signature')
}
`

/** The floor: one call of the table without the SDK and without a signature, which no deployment would accept. */
const unsigned = `
const command = (name) => class { constructor(input) { Object.assign(this, { name, input }) } }
export const BatchGetItemCommand = command('BatchGetItem')
export const DeleteItemCommand = command('DeleteItem')
export const PutItemCommand = command('PutItem')
export const UpdateItemCommand = command('UpdateItem')
export class ConditionalCheckFailedException extends Error {}
export class DynamoDBClient {
  constructor({ endpoint }) {
    this.url = new URL(endpoint)
    process.getBuiltinModule('node:https')
  }
  send({ name, input }) {
    const { request } = process.getBuiltinModule('node:http')
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.' + name,
      'x-amz-date': '20250101T000000Z',
      authorization: 'AWS4-HMAC-SHA256 Credential=local/20250101/eu-north-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    }
    return new Promise((resolve, reject) => {
      const sent = request(this.url, { method: 'POST', headers }, (response) => {
        const pieces = []
        response.on('data', (piece) => pieces.push(piece))
        response.on('end', () => resolve(JSON.parse(Buffer.concat(pieces))))
      })
      sent.on('error', reject).end(JSON.stringify(input))
    })
  }
}
`

const variantsIn = (root: string): Readonly<Record<string, Variant>> => {
  const jose = join(root, 'crypto-alone.mjs')
  writeFileSync(jose, cryptoAlone)
  const client = join(root, 'unsigned.mjs')
  writeFileSync(client, unsigned)
  return {
    'as deployed': {},
    'with the SDK’s own credential chain and settings from profile files': without(
      '@aws-sdk/credential-provider-node',
      '@smithy/core/config',
      'node:fs',
    ),
    'with plain imports of node:http, node:fs, node:process': without('node:http', 'node:fs', 'node:process'),
    'with settings from profile files': without('@smithy/core/config', 'node:fs'),
    'with event streams, endpoint discovery and the invocation store': without(
      '@smithy/core/event-streams',
      '@aws-sdk/middleware-endpoint-discovery',
      '@aws/lambda-invoke-store',
    ),
    'not minified': { options: { minify: false } },
    'all of these undone': { options: { alias: {}, minify: false } },
    'not shipped: a compile cache of the same Node': {
      environment: { NODE_COMPILE_CACHE: join(root, 'cache') },
    },
    'not shipped: node:crypto instead of jose': {
      options: { alias: { ...esbuildOptions.alias, jose } },
    },
    'the floor: no SDK, one unsigned call': {
      options: { alias: { ...esbuildOptions.alias, '@aws-sdk/client-dynamodb': client } },
    },
  }
}

export type Lever = Readonly<{
  bytes: number
  loaded: number
  first: number
  cpu: number
  /** Processor time against the bundle as it is deployed: the median of the differences within each round. */
  difference: number
}>

export const levers = async (world: World, rounds: number): Promise<Readonly<Record<string, Lever>>> => {
  const root = mkdtempSync(join(tmpdir(), 'imsg-levers-'))
  const variants = Object.entries(variantsIn(root)).map(([name, { options, environment = {} }], index) => {
    const folder = join(root, String(index))
    const { metafile } = buildSync({
      ...esbuildOptions,
      ...options,
      entryPoints: [entry('token-is-set')],
      outfile: join(folder, 'index.mjs'),
      metafile: true,
    })
    const [output] = Object.values(metafile.outputs)
    return { name, folder, environment, bytes: output?.bytes ?? 0, runs: [] as Run[] }
  })
  const api = await openRuntimeApi()
  const events = [world.events['token-is-set']]
  // Round 0 fills the compile cache and the page cache, and is not counted.
  for (let round = 0; round <= rounds; round++)
    for (const { name, folder, environment, runs } of turned(variants, round)) {
      const run = await api.run({ folder, environment: { ...world.environment, ...environment }, events })
      if (JSON.parse(run.answers[0] ?? '{}').statusCode !== 200) throw new Error(`${name}: ${run.answers}`)
      if (round > 0) runs.push(run)
    }
  api.close()
  const deployed = variants[0]?.runs ?? []
  return Object.fromEntries(
    variants.map(({ name, bytes, runs }) => [
      name,
      {
        bytes,
        loaded: median(runs.map(({ loaded }) => loaded)),
        first: median(runs.map(({ answered }) => answered[0] ?? 0)),
        cpu: median(runs.map(({ cpu }) => cpu)),
        difference: median(runs.map(({ cpu }, round) => cpu - (deployed[round]?.cpu ?? 0))),
      },
    ]),
  )
}

if (import.meta.main) {
  const { openWorld } = await import('./world.ts')
  const world = await openWorld()
  console.table(await levers(world, Number(process.argv[2] ?? 5)))
  world.close()
}
