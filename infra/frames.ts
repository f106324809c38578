import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import cdk from '../cdk.json' with { type: 'json' }
import { routes } from '../lib/routes.ts'
import { sourceOf } from './source-maps.ts'

/**
 * `npm run frames -- <function> <file:line:column>...`: finds frames of a log line in the sources of the last
 * synth.
 */

const root = join(import.meta.dirname, '..')
const { CDK_OUTDIR = join(root, cdk.output) } = process.env
const [route, ...frames] = process.argv.slice(2)

const lineAt = (place: string): string => {
  const [file = '', line] = place.split(':')
  const text = readFileSync(join(root, file), 'utf8').split('\n')[Number(line) - 1] ?? ''
  return text.trim().slice(0, 110)
}

try {
  if (route === undefined || frames.length === 0)
    throw new TypeError('usage: npm run frames -- <function> <file:line:column>...')
  for (const frame of frames) {
    const place = sourceOf(CDK_OUTDIR, route, frame)
    console.log(`${frame}  ${place}\n    ${lineAt(place)}`)
  }
} catch (error) {
  const noMap = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  const known = Object.keys(routes).join(', ')
  console.error(
    noMap
      ? `No source map of ${route}: run \`npm run synth\` first. Functions: ${known}.`
      : error instanceof Error
        ? error.message
        : error,
  )
  process.exitCode = 1
}
