import { subjectKey } from '../store/keys.ts'
import { flagIn, type Items, numberIn, type Table, textIn } from '../store/table.ts'

/** What is kept of a subject of an organisation. Nothing that is not stored reads as: not blocked, never ended, no preference. */
export type SubjectRecord = Readonly<{
  blocked: boolean
  /** Tokens issued before this second are no longer good. */
  notBefore: number
  /** The preferred unit, whether or not the subject still holds it. */
  unit: string | undefined
}>

/** The subject among items just read. */
export const subjectFrom = (items: Items, org: string, subject: string): SubjectRecord => {
  const item = items.get(subjectKey(org, subject))
  return {
    blocked: flagIn(item, 'blocked'),
    notBefore: numberIn(item, 'notBefore'),
    unit: textIn(item, 'unit'),
  }
}

/**
 * Stores a preferred unit, or clears it, unless the preference is no longer the one that this request saw. So a write that was held up,
 * or that a frozen instance sends when it wakes, does not undo a later choice; of two choices at once the first to arrive stays. A
 * preference grants nothing, so this needs no clock and no version: in the one case that the value cannot tell (it was changed and
 * changed back meanwhile) the person chooses again.
 */
export const preferUnit = async (
  table: Table,
  { org, subject }: Readonly<{ org: string; subject: string }>,
  seen: string | undefined,
  unit: string | null,
): Promise<void> => {
  await table.change(subjectKey(org, subject), {
    set: unit === null ? 'REMOVE #unit' : 'SET #unit = :unit',
    names: ['unit'],
    values: {
      ...(unit === null ? {} : { unit: { S: unit } }),
      ...(seen === undefined ? {} : { seen: { S: seen } }),
    },
    when: seen === undefined ? 'attribute_not_exists(#unit)' : '#unit = :seen',
  })
}
