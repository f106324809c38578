import { objectIn } from './json.ts'

/**
 * Log lines that a terminal does not show: good polls, one every five seconds per tab, and refreshes without
 * changes.
 */
const isQuiet = (route: unknown, code: unknown): boolean =>
  (route === 'token-is-set' && code === 'ok') || (route === 'refresh-state' && code === 'unchanged')

/**
 * A log line in the form for a terminal: time, route, outcome, duration, organisation, cause. Undefined for a
 * line that is not shown. Lines that are not about a request stay as they are.
 */
export const readable = (
  line: string,
  coloured: (colour: 'red' | 'yellow', text: string) => string,
): string | undefined => {
  const fields = objectIn(line)
  if (fields?.route === undefined || fields.time === undefined) return line
  const { time, level, route, status, code, ms, org, cause, reason, binding } = fields
  if (isQuiet(route, code)) return undefined
  const words = [
    String(time).slice(11, 19),
    String(route).padEnd(13),
    status ?? '',
    level === 'error' || level === 'warn' ? coloured(level === 'error' ? 'red' : 'yellow', `${code}`) : code,
    `${ms} ms`,
    org ?? '',
    cause ?? reason ?? '',
    binding === undefined ? '' : `binding ${binding}`,
  ]
  return words.filter((word) => word !== '').join('  ')
}
