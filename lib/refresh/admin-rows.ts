import { canonicalJson } from './canonical-json.ts'
import { UpstreamError } from './upstream.ts'

/** The rows of the Admin API's lists, of which any member may be missing or of any type. */

export type Row = Readonly<Record<string, unknown>>

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The rows of a list. What is no object is passed over; a list that holds nothing else is refused. */
export const rowsOf = (what: string, document: unknown): readonly Row[] => {
  const rows = Array.isArray(document) ? document.filter(isRow) : []
  if (!Array.isArray(document) || (rows.length === 0 && document.length > 0))
    throw new UpstreamError(`${what}: not a list of objects`, false)
  return rows
}

/** Very old deployments wrap a value as `{"value": ...}`. */
const plain = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 1 && 'value' in value
    ? value.value
    : value

/** A member as text. What is no text, or holds a lone surrogate, which no URL and no key can carry, is ''. */
export const text = (value: unknown): string => {
  const inner = plain(value)
  return typeof inner === 'string' && inner.isWellFormed() ? inner : ''
}

/** Whether a member is true: `true`, or the text `"true"` of very old deployments. */
export const truth = (value: unknown): boolean => {
  const inner = plain(value)
  return inner === true || inner === 'true'
}

/** A member as seconds since the epoch. What is no whole number is 0. */
export const instant = (value: unknown): number => {
  const inner = plain(value)
  return typeof inner === 'number' && Number.isSafeInteger(inner) ? Math.max(0, inner) : 0
}

/** Whether a member says nothing at all: absent, null or ''. */
export const isAbsent = (value: unknown): boolean => {
  const inner = plain(value)
  return inner === undefined || inner === null || inner === ''
}

/** Sorts by UTF-16 code units. */
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Rows by their id, parsed. An id that stands for two different things stands for nothing, and so does an
 * empty one.
 */
export const byId = <T>(rows: readonly Row[], parse: (row: Row) => T): ReadonlyMap<string, T> => {
  const found = new Map<string, T>()
  const ambiguous = new Set([''])
  for (const row of rows) {
    const id = text(row.id)
    const value = parse(row)
    if (found.has(id) && canonicalJson(found.get(id)) !== canonicalJson(value)) ambiguous.add(id)
    found.set(id, value)
  }
  for (const id of ambiguous) found.delete(id)
  return found
}
