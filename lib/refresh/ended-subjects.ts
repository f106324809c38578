import { endedKey, subjectKey } from '../store/keys.ts'
import { readLargeItem, removeLargeItem, writeLargeItem } from '../store/large-item.ts'
import type { Table } from '../store/table.ts'
import { limits } from './limits.ts'
import { mapConcurrently } from './map-concurrently.ts'
import { revocationOf, uncertain } from './organisation-index.ts'
import type { EndedSubject } from './organisation-source.ts'

/**
 * Writes blocks and sign-outs of subjects. They are attributes of the subjects' items, which every request
 * reads. The document `ENDED#<org>` lists the subjects that have them.
 */

/** Maximum number of subjects of one organisation that a run writes. Later runs write the rest. */
const maxWritten = 10_000
/** Subjects written at the same time. */
const concurrency = 16

const writtenIn = async (table: Table, key: string): Promise<Map<string, string>> => {
  const document = await readLargeItem(table, await table.read([key]), key)
  return new Map(
    Object.entries(Object(document?.value)).map(([name, revocation]) => [name, String(revocation)] as const),
  )
}

const writeSubject = (table: Table, key: string, subject: EndedSubject | undefined): Promise<boolean> =>
  subject === undefined
    ? table.change(key, {
        set: 'REMOVE #blocked, #notBefore',
        names: ['blocked', 'notBefore'],
        values: {},
      })
    : table.change(key, {
        set: 'SET #blocked = :blocked, #notBefore = :notBefore',
        values: { blocked: { BOOL: subject.blocked }, notBefore: { N: String(subject.notBefore ?? 0) } },
      })

/** Sorts blocks first, then sign-outs from the latest to the oldest. */
const byStrictness = (a: EndedSubject, b: EndedSubject): number =>
  Number(b.blocked) - Number(a.blocked) || (b.notBefore ?? 0) - (a.notBefore ?? 0)

/** As many subjects as the limit allows, the strictest first. */
export const withinLimit = (ended: readonly EndedSubject[]): readonly EndedSubject[] =>
  ended.toSorted(byStrictness).slice(0, limits.endedSubjects)

/**
 * Updates the subjects of an organisation to this list, the strictest first. Subjects that are no longer
 * listed are cleared last. False when a later run has to continue.
 */
export const writeEnded = async (
  table: Table,
  org: string,
  ended: readonly EndedSubject[],
  version: number,
  signal: AbortSignal,
): Promise<boolean> => {
  const key = endedKey(org)
  const written = await writtenIn(table, key)
  const wanted = new Map(ended.toSorted(byStrictness).map((subject) => [subject.name, subject]))
  const revocation = (name: string) => {
    const subject = wanted.get(name)
    return subject && revocationOf(subject)
  }
  const due = [...new Set([...wanted.keys(), ...written.keys()])].filter(
    (name) => written.get(name) !== revocation(name),
  )
  const part = due.slice(0, maxWritten)
  if (part.length === 0) return true

  for (const name of part) written.set(name, uncertain)
  await writeLargeItem(table, key, { version, value: Object.fromEntries(written) })
  let done = 0
  await mapConcurrently(concurrency, part, async (name) => {
    if (signal.aborted) return
    await writeSubject(table, subjectKey(org, name), wanted.get(name))
    const current = revocation(name)
    if (current === undefined) written.delete(name)
    else written.set(name, current)
    done++
  })
  if (written.size === 0) await removeLargeItem(table, key)
  else await writeLargeItem(table, key, { version: version + 1, value: Object.fromEntries(written) })
  return done === due.length
}
