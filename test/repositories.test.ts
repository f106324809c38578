import { after } from 'node:test'
import { repositories } from './contract/repositories.contract.ts'
import { openTable } from './support/gateway.ts'

const opened: (() => Promise<void>)[] = []
after(() => Promise.all(opened.map((close) => close())))

repositories('the embedded database', async () => {
  const { table, close } = await openTable()
  opened.push(close)
  return table
})
