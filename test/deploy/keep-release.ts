import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { root } from '../../local/synthesis.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { placeholders, settingsFor } from './assembly.ts'

/** `node test/deploy/keep-release.ts` packs the synthesised release for the upgrade test. */

const synthesised = (): string => {
  const outdir = mkdtempSync(join(tmpdir(), 'imsg-release-'))
  const { PATH, HOME } = process.env
  const env = { PATH, HOME, ...settingsFor(placeholders), CDK_OUTDIR: outdir }
  const { status, stderr } = spawnSync(process.execPath, ['infra/app.ts'], {
    cwd: root,
    env,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return outdir
}

/** The manifest without stack traces, which name paths of this machine. */
const withoutTraces = (text: string): string => {
  const manifest = JSON.parse(text)
  for (const artifact of Object.values<Record<string, unknown>>(manifest.artifacts)) {
    delete artifact.metadata
    delete artifact.additionalMetadataFile
  }
  delete manifest.artifacts.Tree
  return JSON.stringify(manifest)
}

const pack = (folder: string): Buffer => {
  const kept: Record<string, string> = {}
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()) {
    const unused = /^(tree|validation-report|.*\.metadata)\.json$/.test(name)
    if (!unused && statSync(join(folder, name)).isFile())
      kept[name] = readFileSync(join(folder, name), 'utf8')
  }
  kept['manifest.json'] = withoutTraces(kept['manifest.json'] ?? '')
  const text = Buffer.from(JSON.stringify(kept))
  // The window spans all bundles, which are nearly the same.
  const params = {
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
  }
  return brotliCompressSync(text, { params })
}

const folder = synthesised()
const packed = pack(folder)
rmSync(folder, { recursive: true })
for (const file of globSync('release-*.json.br', { cwd: import.meta.dirname }))
  rmSync(join(import.meta.dirname, file))
const name = `release-${packageJson.version}.json.br`
writeFileSync(join(import.meta.dirname, name), packed)
console.log(`kept: test/deploy/${name}, ${packed.length} bytes`)
