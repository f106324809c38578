import { type Item, type Items, numberIn, type Table } from './table.ts'

/**
 * Stores documents larger than DynamoDB's item limit of 400 kB: compressed and, if needed, split into parts.
 * The head names the version of its parts and is written last, so readers always see one complete version.
 */

const maxPart = 380_000
/** Maximum parts in one BatchGetItem, which has to finish within the table's timeout. */
const maxParts = 10
/** Maximum number of reads while parts are missing. */
const maxTries = 3

/** A document and the version of the state it was written with. */
export type Document = Readonly<{ version: number; value: unknown }>

// Not imported, so that only routes that read large items load it.
const zlib = () => process.getBuiltinModule('node:zlib')

const partKey = (key: string, version: number, part: number): string => `${key}#${version}#${part}`

const partKeys = (key: string, head: Item | undefined): string[] => {
  const version = numberIn(head, 'version')
  return Array.from({ length: numberIn(head, 'parts') }, (_, part) => partKey(key, version, part + 1))
}

/** The bytes of all parts in order, or undefined when a part is missing. */
const bytesOf = async (table: Table, key: string, head: Item): Promise<Buffer | undefined> => {
  const keys = partKeys(key, head)
  const pieces = [head.data?.B]
  for (let from = 0; from < keys.length; from += maxParts) {
    const batch = keys.slice(from, from + maxParts)
    const parts = await table.read(batch)
    pieces.push(...batch.map((part) => parts.get(part)?.data?.B))
  }
  const present = pieces.filter((piece) => piece !== undefined)
  return present.length < pieces.length ? undefined : Buffer.concat(present)
}

/**
 * The document with this key, whose head is among `items`. Most documents are small and need no further read.
 * Undefined when absent or when a part is missing.
 */
export const readLargeItem = async (
  table: Table,
  items: Items,
  key: string,
): Promise<Document | undefined> => {
  let head = items.get(key)
  for (let tries = 0; head !== undefined && tries < maxTries; tries++) {
    const bytes = await bytesOf(table, key, head)
    if (bytes !== undefined)
      return { version: numberIn(head, 'version'), value: JSON.parse(zlib().gunzipSync(bytes).toString()) }
    // A newer version has replaced the parts between the two reads. Its head is already written.
    head = (await table.read([key])).get(key)
  }
  return undefined
}

/** Writes a document: first its parts, then its head. Then removes the parts of the previous version. */
export const writeLargeItem = async (
  table: Table,
  key: string,
  { version, value }: Document,
): Promise<void> => {
  const bytes = zlib().gzipSync(JSON.stringify(value))
  const pieces = Array.from({ length: Math.max(1, Math.ceil(bytes.length / maxPart)) }, (_, index) =>
    bytes.subarray(index * maxPart, (index + 1) * maxPart),
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
