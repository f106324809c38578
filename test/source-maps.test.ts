import { deepEqual, equal, match, ok, throws } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { App, Stack } from 'aws-cdk-lib'
import { Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda'
import { code, filesOf } from '../infra/bundling.ts'
import { shifted, sourceOf } from '../infra/source-maps.ts'
import { framesOf } from '../lib/log.ts'

const root = join(import.meta.dirname, '..')
const outdir = mkdtempSync(join(tmpdir(), 'imsg-maps-'))
after(() => rmSync(outdir, { recursive: true }))

const app = new App({ outdir, builtinCloudFormationValidation: false })
const stack = new Stack(app, 'maps')
for (const route of ['health', 'refresh-state'])
  new Lambda(stack, route, { code: code(route), runtime: Runtime.NODEJS_24_X, handler: 'index.handler' })
app.synth()

const assets = readdirSync(outdir).filter((name) => name.startsWith('asset.'))
const filesIn = (folder: string): string[] => readdirSync(join(outdir, folder)).toSorted()
const assetOf = (file: string): string =>
  join(outdir, assets.find((asset) => filesIn(asset).includes(file)) ?? '', 'index.mjs')

/** Line and column in a bundle of a text that is there once, both from 1. */
const frameOf = (route: string, text: string): string => {
  const bundle = filesOf(route)[0].text
  const at = bundle.indexOf(text)
  ok(at >= 0 && bundle.indexOf(text, at + 1) < 0, `${text} is there once`)
  const before = bundle.slice(0, at).split('\n')
  return `index.mjs:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
}

/** The source line that a frame leads to. */
const lineOf = (place: string): string => {
  const [file = '', line] = place.split(':')
  return readFileSync(join(root, file), 'utf8').split('\n')[Number(line) - 1] ?? ''
}

describe('the source maps', () => {
  it('are written at synth, beside the assets and not into them', () => {
    deepEqual(
      [filesIn('maps/health'), filesIn('maps/refresh-state')],
      [
        ['index.mjs.map', 'texts.mjs.map'],
        ['index.mjs.map', 'public-suffix.mjs.map'],
      ],
    )
    for (const asset of assets) {
      ok(
        filesIn(asset).every((name) => name.endsWith('.mjs')),
        asset,
      )
      for (const name of filesIn(asset))
        ok(!readFileSync(join(outdir, asset, name), 'utf8').includes('sourceMappingURL'), name)
    }
  })

  it('lead from a frame of a bundle that runs to the line that threw', async () => {
    const { handler } = await import(pathToFileURL(assetOf('texts.mjs')).href)
    // An event without headers is none of API Gateway's, and `incoming` is the first to see it.
    const error = await handler(undefined, {}).catch((thrown: unknown) => thrown)
    const [frame = ''] = framesOf(error) ?? []
    match(frame, /^index\.mjs:\d+:\d+$/)
    const place = sourceOf(outdir, 'health', frame)
    match(place, /^lib\/http\/messages\.ts:\d+:\d+$/)
    match(lineOf(place), /headers/)
  })

  it('hold to the column behind the import of a file that is loaded later, which is longer as deployed', () => {
    const [line = ''] = filesOf('health')[0]
      .text.split('\n')
      .filter((each) => each.includes('import("./texts.mjs")'))
    ok(line.indexOf('"content-language"') > line.indexOf('import("./texts.mjs")'))
    const place = sourceOf(outdir, 'health', frameOf('health', '"content-language"'))
    equal(lineOf(place).indexOf("'content-language'") + 1, Number(place.split(':')[2]))
  })

  it('are read by a command', async () => {
    const frame = frameOf('health', 'No checksum string')
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(root, 'infra', 'frames.ts'), 'health', frame],
      { env: { ...process.env, CDK_OUTDIR: outdir } },
    )
    match(stdout, /lib\/state\/health\.ts:\d+:\d+\n.*No checksum string/)
  })

  it('know what is no frame of theirs', () => {
    throws(() => sourceOf(outdir, 'health', 'nonsense'), /is not a frame/)
    throws(() => sourceOf(outdir, 'health', 'other.mjs:1:1'), /ENOENT/)
    ok(!existsSync(join(outdir, 'maps', 'units')))
  })

  it('move what follows a replacement in its line, and nothing else', () => {
    const map = (mappings: string) => JSON.stringify({ version: 3, sources: ['a'], names: [], mappings })
    // Segments at columns 0, 10 and 20 of two lines.
    const before = map('AAAA,UAAA,UAAA;AAAA,UAAA,UAAA')
    equal(shifted(before, [{ line: 1, column: 10, by: 1 }]), map('AAAA,UAAA,UAAA;AAAA,WAAA,UAAA'))
    equal(
      shifted(before, [
        { line: 0, column: 5, by: 1 },
        { line: 0, column: 15, by: 7 },
      ]),
      map('AAAA,WAAA,iBAAA;AAAA,UAAA,UAAA'),
    )
    equal(shifted(before, [{ line: 0, column: 21, by: 1 }]), before)
  })
})
