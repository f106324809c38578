import { deepEqual, equal, match, notEqual, ok, rejects, throws } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { App, FileSystem, Stack } from 'aws-cdk-lib'
import { Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda'
import { bundleSizes, overweight } from '../bench/sizes.ts'
import { bundle, code, filesOf } from '../infra/bundling.ts'
import { shifted, sourceOf } from '../infra/source-maps.ts'
import type { Endpoint } from '../lib/lambda/endpoint.ts'
import { framesOf } from '../lib/log.ts'
import { type Route, routes } from '../lib/routes.ts'
import { createTables } from '../local/database.ts'
import { root } from '../local/synthesis.ts'
import { asProblem, context, eventOf, navigation } from './support/gateway.ts'
import { openServices, schema } from './support/services.ts'

const folder = mkdtempSync(join(tmpdir(), 'imsg-bundles-'))
after(() => rmSync(folder, { recursive: true }))

// As on a machine where only the owner can read new files.
process.umask(0o077)
const outdir = join(folder, 'synthesised')
const app = new App({ outdir, builtinCloudFormationValidation: false })
const stack = new Stack(app, 'bundles')
for (const route of ['health', 'refresh-state'])
  new Lambda(stack, route, { code: code(route), runtime: Runtime.NODEJS_24_X, handler: 'index.handler' })
app.synth()

const assets = readdirSync(outdir).filter((name) => name.startsWith('asset.'))
const filesIn = (name: string): string[] => readdirSync(join(outdir, name)).toSorted()

/** A fresh instance of a function, deployed without one of its files. */
const deployed = async (route: string, without?: string) => {
  const own = mkdtempSync(join(folder, `${route}-`))
  bundle(route, own)
  if (without !== undefined) rmSync(join(own, without))
  return (await import(pathToFileURL(join(own, 'index.mjs')).href)).handler
}

describe('the asset of a function', () => {
  it('has the code of a cold start and the lazily loaded code, without source maps', () => {
    deepEqual(assets.map(filesIn).toSorted(), [
      ['index.mjs', 'public-suffix.mjs'],
      ['index.mjs', 'texts.mjs'],
    ])
    deepEqual(filesIn('maps/health'), ['index.mjs.map', 'texts.mjs.map'])
    deepEqual(filesIn('maps/refresh-state'), ['index.mjs.map', 'public-suffix.mjs.map'])
    for (const [name, row] of Object.entries<Route>(routes))
      equal(filesOf(name)[1]?.name, 'every' in row ? 'public-suffix.mjs' : 'texts.mjs')
    ok(!filesOf('health')[0].text.includes('sourceMappingURL'))
  })

  it('has files that Lambda can read, whatever the umask of the build', () => {
    for (const name of assets) {
      const asset = join(outdir, name)
      const modes = ['.', ...filesIn(name)].map((file) => statSync(join(asset, file)).mode & 0o777)
      deepEqual(modes, [0o755, 0o644, 0o644])
      notEqual(name, `asset.${FileSystem.fingerprint(asset)}`, 'the modes are part of the name')
    }
  })

  it('stays within its size budget and contains no unused packages', () => {
    const sizes = bundleSizes()
    deepEqual(overweight(sizes), [])
    const parts = Object.values(sizes).flatMap((size) => size.parts.map(([part]) => part))
    deepEqual(
      ['mnemonist', '@aws-sdk/credential-provider-node', '@aws-sdk/nested-clients', 'undici'].filter((part) =>
        parts.includes(part),
      ),
      [],
    )
  })
})

describe('the texts of error pages', () => {
  // Without settings every request is refused.
  const ask = (handler: Endpoint, headers = {}) => handler(eventOf('health', { headers }), context)

  it('are loaded for an HTML page and for a problem document', async () => {
    const handler = await deployed('health')
    const page = await ask(handler, { ...navigation, 'accept-language': 'sv' })
    match(page.body ?? '', /<h1>Något gick fel<\/h1>/)
    equal(JSON.parse((await ask(handler, asProblem)).body ?? '{}').title, 'Something went wrong')
  })

  it('are not loaded when the answer is only an error key', async () => {
    const handler = await deployed('health', 'texts.mjs')
    equal((await ask(handler)).body, '"errors.api.InternalServerError"')
    await rejects(ask(handler, navigation), { code: 'ERR_MODULE_NOT_FOUND' })
  })
})

it('the public suffix list is loaded when organisations are fetched, not when only keys are', async () => {
  const services = await openServices()
  after(services.close)
  const TABLE_NAME = 'bundles'
  await createTables(services.databaseUrl, [{ name: TABLE_NAME, properties: schema }])
  const own = { PUBLIC_URL: 'https://gw.example.test', LOG_LEVEL: 'error', TABLE_NAME }
  const refresh = async (forced: boolean, more = {}) => {
    Object.assign(process.env, services.platform, services.settings, own, more)
    return (await deployed('refresh-state', 'public-suffix.mjs'))({ forced }, context)
  }
  deepEqual(await refresh(false, { ADMIN_API_URL: '', ACCESS_TOKEN_URL: '' }), { outcome: 'changed' })
  deepEqual(await refresh(true), { outcome: 'unchanged' })
  deepEqual(await refresh(false), { outcome: 'failed' })
})

/** The stack frame of a text that occurs once in the bundle of `health`. Line and column start at 1. */
const frameOf = (text: string): string => {
  const bundled = filesOf('health')[0].text
  const at = bundled.indexOf(text)
  ok(at >= 0 && bundled.indexOf(text, at + 1) < 0, `${text} is there once`)
  const before = bundled.slice(0, at).split('\n')
  return `index.mjs:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
}

/** The source line that a frame leads to. */
const lineOf = (place: string): string => {
  const [file = '', line] = place.split(':')
  return readFileSync(join(root, file), 'utf8').split('\n')[Number(line) - 1] ?? ''
}

describe('the source maps', () => {
  it('map a stack frame of a running bundle to the source line that threw', async () => {
    const handler = await deployed('health')
    const error = await handler(undefined, {}).catch((thrown: unknown) => thrown)
    const [frame = ''] = framesOf(error) ?? []
    match(frame, /^index\.mjs:\d+:\d+$/)
    const place = sourceOf(outdir, 'health', frame)
    match(place, /^lib\/http\/messages\.ts:\d+:\d+$/)
    match(lineOf(place), /event\.requestContext/)
  })

  it('map to the exact column after a lazy import, whose path is longer when deployed', () => {
    const lines = filesOf('health')[0].text.split('\n')
    const [line = ''] = lines.filter((each) => each.includes('import("./texts.mjs")'))
    ok(line.indexOf('"content-language"') > line.indexOf('import("./texts.mjs")'))
    const place = sourceOf(outdir, 'health', frameOf('"content-language"'))
    equal(lineOf(place).indexOf("'content-language'") + 1, Number(place.split(':')[2]))
  })

  it('shift only the segments that follow a replacement in the same line', () => {
    const map = (mappings: string) => JSON.stringify({ version: 3, sources: ['a'], names: [], mappings })
    // Segments at columns 0, 10 and 20 of two lines.
    const before = map('AAAA,UAAA,UAAA;AAAA,UAAA,UAAA')
    const twice = [
      { line: 0, column: 5, by: 1 },
      { line: 0, column: 15, by: 7 },
    ]
    equal(shifted(before, twice), map('AAAA,WAAA,iBAAA;AAAA,UAAA,UAAA'))
    equal(shifted(before, [{ line: 1, column: 21, by: 1 }]), before)
  })

  it('are read by infra/frames.ts, which rejects text that is not a stack frame', async () => {
    const frames = [join(root, 'infra', 'frames.ts'), 'health', frameOf('No checksum string')]
    const env = { ...process.env, CDK_OUTDIR: outdir }
    const { stdout } = await promisify(execFile)(process.execPath, frames, { env })
    match(stdout, /lib\/state\/health\.ts:\d+:\d+\n.*No checksum string/)
    throws(() => sourceOf(outdir, 'health', 'nonsense'), /is not a frame/)
  })
})
