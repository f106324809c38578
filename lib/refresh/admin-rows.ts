import { isJsonObject, type JsonObject } from '../json-object.ts'
import { canonicalJson } from './canonical-json.ts'
import { UpstreamError } from './upstream.ts'

/** Reads rows of the Admin API's lists. Any member may be missing or of the wrong type. */

/** One row, not yet checked. */
export type Row = JsonObject

/** The rows of a list. Skips entries that are not objects. Throws when there are only such entries. */
export const rowsOf = (what: string, document: unknown): readonly Row[] => {
  const listed: readonly unknown[] = Array.isArray(document) ? document : [undefined]
  const rows = listed.filter(isJsonObject)
  if (rows.length === 0 && listed.length > 0) throw new UpstreamError(`${what}: not a list of objects`, false)
  return rows
}

/** Old deployments wrap a value as `{"value": ...}`. */
const plain = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 1 && 'value' in value
    ? value.value
    : value

/** A member as text, or '' when it is not text or has a lone surrogate, which cannot be encoded in a key. */
export const text = (value: unknown): string => {
  const inner = plain(value)
  return typeof inner === 'string' && inner.isWellFormed() ? inner : ''
}

/** Whether a member is `true`, or the text `"true"` that old deployments send. */
export const truth = (value: unknown): boolean => {
  const inner = plain(value)
  return inner === true || inner === 'true'
}

/** A member as seconds since the epoch, or 0 when it is not a whole number. */
export const instant = (value: unknown): number => {
  const inner = plain(value)
  return Number.isSafeInteger(inner) ? Math.max(0, Number(inner)) : 0
}

/** Whether a member is absent, null or ''. */
export const isAbsent = (value: unknown): boolean => {
  const inner = plain(value)
  return inner === undefined || inner === null || inner === ''
}

/** Sorts different texts by UTF-16 code units. */
export const compare = (a: string, b: string): number => (a < b ? -1 : 1)

/** Parsed rows by id. Drops empty ids, and ids with two different rows. */
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
