import { documents } from './documents.contract.ts'
import type { Contract } from './given.ts'
import { organisations } from './organisations.contract.ts'
import { sessions } from './sessions.contract.ts'
import { states } from './state.contract.ts'
import { tables } from './table.contract.ts'

/** What every database behind the gateway has to hold to, all of it. */
export const repositories: Contract = (database, open) => {
  for (const contract of [tables, documents, sessions, organisations, states]) contract(database, open)
}
