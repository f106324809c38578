import { type Level, levels } from './config.ts'

/**
 * Writes one line of JSON. Lines below the configured level are dropped, unless metrics ride in them: alarms
 * need those.
 */
export type Log = (level: Level, fields: Readonly<Record<string, unknown>>) => void

const longestText = 256

/** Cuts long values, whatever a caller put into them. */
const contained = (value: unknown): unknown =>
  typeof value === 'string' && value.length > longestText ? `${value.slice(0, longestText)}…` : value

/** Only top-level values are cut: nested ones (metrics, names of settings) are our own. */
const lineOf = (level: Level, fields: Parameters<Log>[1]): string => {
  const line: Record<string, unknown> = { level }
  for (const name of Object.keys(fields)) line[name] = contained(fields[name])
  return JSON.stringify(line)
}

/**
 * Standard output itself. In Lambda `console` writes something else: it wraps a line, as text or as JSON, and
 * CloudWatch finds no metrics in a line that is wrapped.
 */
const toStandardOutput = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** A log that writes to `write`, by default standard output, which Lambda sends to CloudWatch. */
export const logTo =
  (least: Level, write: (line: string) => void = toStandardOutput): Log =>
  (level, fields) => {
    if (levels.indexOf(level) >= levels.indexOf(least) || '_aws' in fields) write(lineOf(level, fields))
  }

/** The name and code of an error, never its message, which might quote its input. */
export const named = (error: unknown): string | undefined => {
  if (error === undefined) return undefined
  if (typeof error === 'string') return error
  if (!(error instanceof Error)) return typeof error
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : ''
  const cause = error.cause === undefined ? '' : ` < ${named(error.cause)}`
  return `${error.name}${code}${cause}`
}

const maxFrames = 5
const frame = /^\s+at (?!.*node:)(?:.*[(/\\ ])?([\w.-]+:\d+:\d+)\)?$/

/**
 * Where an error was thrown: the first frames outside Node as `file:line:column`, without folders, functions
 * and the message.
 */
export const framesOf = (error: unknown): readonly string[] | undefined => {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return undefined
  // The message stands before the frames, and may hold lines that look like frames.
  const afterMessage = error.stack.indexOf(error.message) + error.message.length
  return error.stack
    .slice(Math.max(0, afterMessage))
    .split('\n')
    .flatMap((line) => frame.exec(line)?.[1] ?? [])
    .slice(0, maxFrames)
}
