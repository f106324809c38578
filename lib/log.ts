import { type Level, levels } from './config.ts'

/** Writes one line of JSON. Drops lines below the configured level, unless they contain metrics. */
export type Log = (level: Level, fields: Readonly<Record<string, unknown>>) => void

const maxText = 256

/** Shortens long texts. */
const shortened = (value: unknown): unknown =>
  typeof value === 'string' && value.length > maxText ? `${value.slice(0, maxText)}…` : value

/** Shortens only top-level texts. Nested values (metrics, names of settings) come from the gateway itself. */
const lineOf = (level: Level, fields: Parameters<Log>[1]): string => {
  const line: Record<string, unknown> = { level }
  for (const name of Object.keys(fields)) line[name] = shortened(fields[name])
  return JSON.stringify(line)
}

/**
 * Writes to standard output. Lambda's `console` would wrap the line, and CloudWatch would miss its metrics.
 */
const toStandardOutput = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** A log that calls `write` for each line, by default standard output. */
export const logTo =
  (least: Level, write: (line: string) => void = toStandardOutput): Log =>
  (level, fields) => {
    if (levels.indexOf(level) >= levels.indexOf(least) || '_aws' in fields) write(lineOf(level, fields))
  }

/** An error and its causes, at most five in all: a chain of causes can be a cycle. */
export const causes = function* (error: unknown): Generator<unknown> {
  let each = error
  for (let left = 5; left > 0 && each !== undefined; left--) {
    yield each
    each = each instanceof Error ? each.cause : undefined
  }
}

const nameOf = (error: unknown): string => {
  if (typeof error === 'string') return error
  if (!(error instanceof Error)) return typeof error
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : ''
  return `${error.name}${code}`
}

/** The name and code of an error and its causes. Never the message, which may quote input. */
export const errorName = (error: unknown): string | undefined =>
  error === undefined ? undefined : Array.from(causes(error), nameOf).join(' < ')

const maxFrames = 5
const frame = /^\s+at(?!.*node:).*[(/\\ ]([\w.-]+:\d+:\d+)\)?$/

/** Where an error was thrown: the first five frames outside Node, as `file:line:column` without folders. */
export const framesOf = (error: unknown): readonly string[] | undefined => {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return undefined
  // The stack begins with the message, which may contain lines that look like frames.
  const afterMessage = error.stack.indexOf(error.message) + error.message.length
  return error.stack
    .slice(Math.max(0, afterMessage))
    .split('\n')
    .flatMap((line) => frame.exec(line)?.[1] ?? [])
    .slice(0, maxFrames)
}
