import { organisationItem } from '../state/organisation.ts'
import { directoryKey, organisationKey } from '../store/keys.ts'
import { removeLargeItem, writeLargeItem } from '../store/large-item.ts'
import type { Table } from '../store/table.ts'
import { writeEnded } from './ended-subjects.ts'
import type { ListedOrganisation, OrganisationContent } from './organisation-source.ts'

/** How single organisations are written to the table and removed from it. */

/**
 * Writes the block and the sign-out of an organisation that is in the table, whatever its size. False: it
 * is not there.
 */
export const writeStanding = (
  table: Table,
  { name, blocked, notBefore }: ListedOrganisation,
  version: number,
): Promise<boolean> =>
  table.change(organisationKey(name), {
    set: 'SET #blocked = :blocked, #notBefore = :notBefore, #version = :version',
    values: {
      blocked: { BOOL: blocked },
      notBefore: { N: String(notBefore) },
      version: { N: String(version) },
    },
    when: 'attribute_exists(#version)',
  })

/** The directory is written before the item that points to it: a reader never meets a pointer to nothing. */
export const writeOrganisation = async (
  table: Table,
  { name, blocked, notBefore }: ListedOrganisation,
  { domains, directory }: OrganisationContent,
  version: number,
): Promise<void> => {
  await writeLargeItem(table, directoryKey(name), { version, value: directory })
  const record = { blocked, notBefore, domains, version, directory: version }
  await table.put(organisationKey(name), organisationItem(record))
}

/** Removes an organisation and frees its subjects. False: a later run has to go on. */
export const removeOrganisation = async (
  table: Table,
  name: string,
  version: number,
  signal?: AbortSignal,
): Promise<boolean> => {
  await table.remove(organisationKey(name))
  await removeLargeItem(table, directoryKey(name))
  return writeEnded(table, name, [], version, signal)
}

/** Removes what an organisation grants. Where it is blocked or signed out, the item that says so stays. */
export const removeContent = async (table: Table, name: string, keepStanding: boolean): Promise<void> => {
  if (keepStanding)
    await table.change(organisationKey(name), {
      set: 'REMOVE #directory, #domains',
      names: ['directory', 'domains', 'blocked'],
      values: {},
      when: 'attribute_exists(#blocked)',
    })
  else await table.remove(organisationKey(name))
  await removeLargeItem(table, directoryKey(name))
}
