import { after } from 'node:test'
import { openTable } from '../support/gateway.ts'
import { documents } from './documents.contract.ts'
import { organisations } from './organisations.contract.ts'
import { sessions } from './sessions.contract.ts'
import { states } from './state.contract.ts'
import { tables } from './table.contract.ts'

/** All requirements for a database of the gateway, at this endpoint or embedded. */
export const repositories = (database: string, endpoint?: string): void => {
  const opened: (() => Promise<void>)[] = []
  after(() => Promise.all(opened.map((close) => close())))
  const open = async () => {
    const { table, close } = await openTable(endpoint)
    opened.push(close)
    return table
  }
  for (const contract of [tables, documents, sessions, organisations, states]) contract(database, open)
}
