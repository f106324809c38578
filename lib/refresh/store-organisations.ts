import { organisationItem } from '../state/organisation.ts'
import { directoryKey, organisationKey } from '../store/keys.ts'
import { removeLargeItem, writeLargeItem } from '../store/large-item.ts'
import type { Table } from '../store/table.ts'
import { writeEnded } from './ended-subjects.ts'
import type { ListedOrganisation, OrganisationContent } from './organisation-source.ts'

/** Writes single organisations to the table and removes them. */

/** Updates the block and sign-out of a stored organisation. False when it is not stored. */
export const writeRevocation = (
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

/** Writes the directory first and then the item that names its version, which therefore always exists. */
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

/** Removes an organisation and clears its subjects. False when a later run has to continue. */
export const removeOrganisation = async (
  table: Table,
  name: string,
  version: number,
  signal: AbortSignal,
): Promise<boolean> => {
  await table.remove(organisationKey(name))
  await removeLargeItem(table, directoryKey(name))
  return writeEnded(table, name, [], version, signal)
}

/** Removes the content of an organisation. `keepRevocation`: keeps its item with its block and sign-out. */
export const removeContent = async (table: Table, name: string, keepRevocation: boolean): Promise<void> => {
  if (keepRevocation)
    await table.change(organisationKey(name), {
      set: 'REMOVE #directory, #domains',
      names: ['directory', 'domains', 'blocked'],
      values: {},
      when: 'attribute_exists(#blocked)',
    })
  else await table.remove(organisationKey(name))
  await removeLargeItem(table, directoryKey(name))
}
