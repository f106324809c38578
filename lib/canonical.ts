import { createHash } from 'node:crypto'

const ordered = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

/** Canonical JSON: members sorted by name, no white space (RFC 8785 for the plain strings and integers of the state). */
export const canonicalJson = (value: unknown): string => JSON.stringify(value, ordered)

/** SHA-256 over the canonical JSON, in hexadecimal: the same content has the same checksum, in whatever order it came. */
export const checksum = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('hex')
