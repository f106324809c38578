import type { Table } from '../store/table.ts'
import { mapConcurrently } from './map-concurrently.ts'
import { nobodyEnded, openIndex, revocationOf, uncertain } from './organisation-index.ts'
import { removeContent } from './store-organisations.ts'

/** Removes organisations from the table when the deployment no longer has a source of them. */

/** Seconds from removing organisations from the state to removing their items: longer than the cache TTL. */
const delay = 120
const maxRemoved = 16

const unrevoked = revocationOf({ blocked: false })
/** Stored instead of a digest for removed content. */
const removed = 'removed'

/**
 * Removes the content of all organisations two minutes after the state stopped naming them. Blocks and
 * sign-outs of organisations and subjects stay until an operator deletes them: docs/deploy.md.
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
  if (now - since >= delay) {
    for (const [name] of left) index.note(name, { content: uncertain })
    await index.save()
    await mapConcurrently(maxRemoved, left, async ([name, { revocation, ended }]) => {
      if (signal.aborted) return
      await removeContent(table, name, revocation !== unrevoked)
      if (revocation === unrevoked && ended === nobodyEnded) index.remove(name)
      else index.note(name, { content: removed })
    })
  }
  await index.save()
}
