import { createHash } from 'node:crypto'

const member = (value: object, name: string): string[] => {
  const inner: unknown = Reflect.get(value, name)
  return inner === undefined ? [] : [`${JSON.stringify(name)}:${canonicalJson(inner)}`]
}

/** Canonical JSON: members sorted by name, no white space. RFC 8785, for strings and integers only. */
export const canonicalJson = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  const members = Object.keys(value)
    .sort()
    .flatMap((name) => member(value, name))
  return `{${members.join()}}`
}

/** SHA-256 of a text, in hexadecimal. */
export const checksumOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** SHA-256 of the canonical JSON, in hexadecimal. The order of members does not change it. */
export const checksum = (value: unknown): string => checksumOf(canonicalJson(value))
