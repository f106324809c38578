import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, join } from 'node:path'

/**
 * Source maps of the bundles, kept beside the assets and outside them: from a frame in a log line to our
 * sources.
 */

/**
 * A replacement that a bundle underwent after esbuild had made its map: so much text more or less, from this
 * place in a line on.
 */
export type Shift = Readonly<{ line: number; column: number; by: number }>

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The first number of a base64 VLQ text, and what follows it: https://tc39.es/ecma426/, section on VLQ. */
const firstOf = (text: string): { value: number; rest: string } => {
  let [sum, scale, at] = [0, 1, 0]
  for (;;) {
    const digit = digits.indexOf(text.charAt(at++))
    sum += (digit & 31) * scale
    scale *= 32
    if ((digit & 32) === 0) break
  }
  const magnitude = Math.floor(sum / 2)
  return { value: sum % 2 === 1 ? -magnitude : magnitude, rest: text.slice(at) }
}

const vlq = (value: number): string => {
  let left = value < 0 ? -value * 2 + 1 : value * 2
  let text = ''
  do {
    const digit = left % 32
    left = Math.floor(left / 32)
    text += digits.charAt(left > 0 ? digit + 32 : digit)
  } while (left > 0)
  return text
}

/** Columns count on from the segment before, so that one segment moves all that follow it in its line. */
const moved = (line: string, { column, by }: Shift): string => {
  let at = 0
  let done = false
  return line
    .split(',')
    .map((segment) => {
      if (segment === '' || done) return segment
      const { value, rest } = firstOf(segment)
      at += value
      if (at < column) return segment
      done = true
      return vlq(value + by) + rest
    })
    .join(',')
}

/**
 * The map of a bundle after these replacements, whose places are those of the text before them. Lines count
 * from 0.
 */
export const shifted = (map: string, shifts: readonly Shift[]): string => {
  const parsed = JSON.parse(map)
  const lines = String(parsed.mappings).split(';')
  // From the right, so that the places to the left stay true.
  for (const shift of shifts.toSorted((a, b) => b.column - a.column))
    lines[shift.line] = moved(lines[shift.line] ?? '', shift)
  return JSON.stringify({ ...parsed, mappings: lines.join(';') })
}

/** The folder of a function's maps in an assembly. */
export const mapsFolder = (assembly: string, route: string): string => join(assembly, 'maps', route)

/** Writes the maps of a function into an assembly. */
export const writeMaps = (
  assembly: string,
  route: string,
  files: readonly Readonly<{ name: string; map: string }>[],
): void => {
  const folder = mapsFolder(assembly, route)
  mkdirSync(folder, { recursive: true })
  for (const { name, map } of files) writeFileSync(join(folder, `${name}.map`), map)
}

/**
 * Where a frame of a log line (`file:line:column`) is in our sources: the same form, with a path from the
 * root.
 */
export const sourceOf = (assembly: string, route: string, frame: string): string => {
  const [, file, line, column] = /^([\w.-]+):(\d+):(\d+)$/.exec(frame) ?? []
  if (file === undefined) throw new TypeError(`${frame} is no frame: file:line:column`)
  const map = new SourceMap(
    JSON.parse(readFileSync(join(mapsFolder(assembly, route), `${file}.map`), 'utf8')),
  )
  const origin = map.findOrigin(Number(line), Number(column))
  if (!('fileName' in origin)) throw new TypeError(`${frame} is not in the source map of ${route}`)
  return `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}`
}

/** The root of the assembly in which CDK has a function bundled into this folder. */
export const assemblyOf = (outdir: string): string => dirname(outdir)
