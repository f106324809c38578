import { type Item, type Items, numberIn, type Table } from './table.ts'

/**
 * Documents of any size in a table whose items end at 400 kB: compressed, and cut into parts when they must be. The head
 * names the version of its parts and is written last, so a reader sees all of one version or all of another.
 */

const largestPart = 380_000

/** A document and the version of the state it was written with. */
export type Document = Readonly<{ version: number; value: unknown }>

// Not an import: only the routes that read documents pay for loading it.
const zlib = () => process.getBuiltinModule('node:zlib')

const partKey = (key: string, version: number, part: number): string => `${key}#${version}#${part}`

const partKeys = (key: string, head: Item | undefined): string[] => {
  const version = numberIn(head, 'version')
  return Array.from({ length: numberIn(head, 'parts') }, (_, part) => partKey(key, version, part + 1))
}

// Stryker disable next-line OptionalChaining: the second is for the type; a piece is written with its data.
const bytesOf = (item: Item | undefined): Uint8Array | undefined => item?.data?.B

/** The document under `key`, whose head is among `items`. Small ones, nearly all, need no further read. */
export const readLargeItem = async (
  table: Table,
  items: Items,
  key: string,
): Promise<Document | undefined> => {
  const head = items.get(key)
  if (head === undefined) return undefined
  const keys = partKeys(key, head)
  const parts = await table.read(keys)
  const pieces = [head, ...keys.map((part) => parts.get(part))].map(bytesOf)
  // A newer version took the parts away between the two reads: the head has changed too, so begin with it.
  if (pieces.includes(undefined)) return readLargeItem(table, await table.read([key]), key)
  // Stryker disable next-line ConditionalExpression,MethodExpression: for the type; none is left out here.
  const bytes = Buffer.concat(pieces.filter((piece) => piece !== undefined))
  return { version: numberIn(head, 'version'), value: JSON.parse(zlib().gunzipSync(bytes).toString()) }
}

/** Writes a document whole: parts, then head, then the parts of the version before are removed. */
export const writeLargeItem = async (
  table: Table,
  key: string,
  { version, value }: Document,
): Promise<void> => {
  const bytes = zlib().gzipSync(JSON.stringify(value))
  const pieces = Array.from({ length: Math.max(1, Math.ceil(bytes.length / largestPart)) }, (_, index) =>
    bytes.subarray(index * largestPart, (index + 1) * largestPart),
  )
  const [first = bytes, ...others] = pieces
  const before = (await table.read([key])).get(key)
  for (const [index, data] of others.entries())
    await table.put(partKey(key, version, index + 1), { data: { B: data } })
  await table.put(key, {
    version: { N: String(version) },
    parts: { N: String(others.length) },
    data: { B: first },
  })
  if (numberIn(before, 'version') !== version)
    for (const part of partKeys(key, before)) await table.remove(part)
}

/** Removes a document and its parts. */
export const removeLargeItem = async (table: Table, key: string): Promise<void> => {
  const head = (await table.read([key])).get(key)
  await table.remove(key)
  for (const part of partKeys(key, head)) await table.remove(part)
}
