import { subjectKey } from '../store/keys.ts'
import { flagIn, type Item, numberIn, type Table, textIn } from '../store/table.ts'

/** The stored data of a subject: blocks, sign-outs and the preferred unit. */
export type SubjectRecord = Readonly<{
  blocked: boolean
  /** Tokens issued before this second are refused. */
  notBefore: number
  /** The preferred unit, even if the subject no longer holds it. */
  unit: string | undefined
  /** Number of the last choice: the second it was made in, or one more than the previous number. */
  chosen: number
}>

/** Parses the item of a subject. Without an item, the subject was never blocked or signed out. */
export const subjectFrom = (item: Item | undefined): SubjectRecord => ({
  blocked: flagIn(item, 'blocked'),
  notBefore: numberIn(item, 'notBefore'),
  unit: textIn(item, 'unit'),
  chosen: numberIn(item, 'chosen'),
})

/**
 * Stores a preferred unit, or clears it, unless a later choice is stored. Each choice gets a higher number
 * than the one its request has read, so a delayed write (a retry, a frozen instance) cannot replace a later
 * choice. Comparing with the previous value is not enough, because a value can change back
 * (test/faults/late-writes.test.ts).
 */
export const preferUnit = async (
  table: Table,
  { org, subject }: Readonly<{ org: string; subject: string }>,
  seen: SubjectRecord,
  unit: string | null,
  now: number,
): Promise<void> => {
  await table.change(subjectKey(org, subject), {
    set: unit === null ? 'SET #chosen = :chosen REMOVE #unit' : 'SET #chosen = :chosen, #unit = :unit',
    names: ['unit'],
    values: {
      chosen: { N: String(Math.max(now, seen.chosen + 1)) },
      ...(unit === null ? {} : { unit: { S: unit } }),
    },
    when: 'attribute_not_exists(#chosen) OR #chosen <= :chosen',
  })
}
