import type { Table } from '../store/table.ts'
import { mapConcurrently } from './map-concurrently.ts'
import { nobodyEnded, openIndex, standingOf, uncertain } from './organisation-index.ts'
import { removeContent } from './store-organisations.ts'

/** What becomes of the organisations when there is no source of them any more. */

/**
 * How long the organisations stay after the state has forgotten them, in seconds: longer than any
 * instance's copy of it.
 */
const patience = 120
const maxRemoved = 16

const open = standingOf({ blocked: false })
/** Instead of the digest of a content that was removed. */
const removed = 'removed'

/**
 * Removes what organisations grant, some time after the state forgot them. Their blocks and sign-outs, and
 * those of their subjects, stay until somebody purges them: docs/deploy.md.
 */
export const forgetOrganisations = async (
  table: Table,
  version: number,
  now: number,
  signal: AbortSignal,
): Promise<void> => {
  const index = await openIndex(table, version)
  const left = [...index.entries].filter(([, { content }]) => content !== removed)
  if (left.length === 0) return
  const since = index.forgottenAt() ?? now
  index.setForgottenAt(since)
  if (now - since >= patience) {
    for (const [name] of left) index.note(name, { content: uncertain })
    await index.save()
    await mapConcurrently(maxRemoved, left, async ([name, { standing, ended }]) => {
      if (signal.aborted) return
      await removeContent(table, name, standing !== open)
      if (standing === open && ended === nobodyEnded) index.remove(name)
      else index.note(name, { content: removed })
    })
  }
  await index.save()
}
