import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join } from 'node:path'

/**
 * Source maps of the bundles, for finding a frame of a log line in the sources. They are not part of the
 * assets.
 */

/** A replacement in a bundle after its map was made: how much longer the line is, from which column. */
export type Shift = Readonly<{ line: number; column: number; by: number }>

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The first number of a base64 VLQ text, and the rest: https://tc39.es/ecma426/, section on VLQ. */
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

/** Moves the segments of a line. Columns are relative, so changing one segment moves all after it. */
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

/** The map after these replacements. Their positions are those before any replacement; lines start at 0. */
export const shifted = (map: string, shifts: readonly Shift[]): string => {
  const parsed = JSON.parse(map)
  const lines = String(parsed.mappings).split(';')
  // From right to left, so that earlier positions stay valid.
  for (const shift of shifts.toSorted((a, b) => b.column - a.column))
    lines[shift.line] = moved(lines[shift.line] ?? '', shift)
  return JSON.stringify({ ...parsed, mappings: lines.join(';') })
}

/** The folder of a function's maps in a cloud assembly. */
const mapsFolder = (assembly: string, route: string): string => join(assembly, 'maps', route)

/** Writes the maps of a function into a cloud assembly. */
export const writeMaps = (
  assembly: string,
  route: string,
  files: readonly Readonly<{ name: string; map: string }>[],
): void => {
  const folder = mapsFolder(assembly, route)
  mkdirSync(folder, { recursive: true })
  for (const { name, map } of files) writeFileSync(join(folder, `${name}.map`), map)
}

/** The position in the sources of a frame (`file:line:column`), with a path from the root. */
export const sourceOf = (assembly: string, route: string, frame: string): string => {
  const [, file, line, column] = /^([\w.-]+):(\d+):(\d+)$/.exec(frame) ?? []
  if (file === undefined) throw new TypeError(`${frame} is not a frame: file:line:column`)
  const map = new SourceMap(
    JSON.parse(readFileSync(join(mapsFolder(assembly, route), `${file}.map`), 'utf8')),
  )
  const origin = map.findOrigin(Number(line), Number(column))
  if (!('fileName' in origin)) throw new TypeError(`${frame} is not in the source map of ${route}`)
  return `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}`
}
