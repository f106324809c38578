import { type Items, type Table, textIn } from '../lib/store/table.ts'
import type { Known } from './provider.ts'

/**
 * A provider's metadata and keys in the table, so that its logout tokens can be verified from a cold start
 * within the 2.5 seconds that providers wait.
 */

export const providerKey = (org: string): string => `PROVIDER#${encodeURIComponent(org)}`

/** Stores metadata and keys, if new ones were fetched. */
export const rememberProvider = async (
  table: Table,
  org: string,
  known: Known | undefined,
): Promise<void> => {
  if (known === undefined) return
  await table.put(providerKey(org), { known: { S: JSON.stringify(known) } })
}

/** The stored metadata and keys. */
export const providerIn = (items: Items, org: string): Known | undefined => {
  const text = textIn(items.get(providerKey(org)), 'known')
  return text === undefined ? undefined : JSON.parse(text)
}
