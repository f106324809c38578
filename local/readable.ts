/**
 * Lines that are left out at a terminal: good polls, one every five seconds for each tab, and refreshes that
 * found nothing new.
 */
const isQuiet = (route: unknown, code: unknown): boolean =>
  (route === 'token-is-set' && code === 'ok') || (route === 'refresh-state' && code === 'unchanged')

const objectIn = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined
  } catch {
    return undefined
  }
}

/**
 * A log line of a function as it is read at a terminal: when, which route, what came of it, how long it took,
 * for whom, why. Undefined for a line that is left out. A line that is not of a request stays as it is.
 */
export const readable = (
  line: string,
  coloured: (colour: 'red' | 'yellow', text: string) => string = (_, text) => text,
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
