import { type Items, type Table, textIn } from '../lib/store/table.ts'
import type { Known } from './provider.ts'

/** What is known of a provider, kept in the table: a logout from there is judged within the 2.5 seconds that providers wait. */

export const providerKey = (org: string): string => `PROVIDER#${encodeURIComponent(org)}`

/** Keeps what was learned, if anything was. */
export const rememberProvider = async (
  table: Table,
  org: string,
  known: Known | undefined,
): Promise<void> => {
  if (known === undefined) return
  await table.put(providerKey(org), { known: { S: JSON.stringify(known) } })
}

/** What was kept. The table is our own, so its text is what was put in. */
export const providerIn = (items: Items, org: string): Known | undefined => {
  const text = textIn(items.get(providerKey(org)), 'known')
  return text === undefined ? undefined : JSON.parse(text)
}
