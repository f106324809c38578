import { fail } from 'node:assert/strict'
import { it } from 'node:test'
import { inspect } from 'node:util'

const named = (row: unknown): string => inspect(row, { depth: 2, breakLength: Infinity }).slice(0, 200)

/** One test that runs a check on every row of a table, and fails with each row that failed and why. */
export const each =
  <const Row>(title: string, rows: readonly Row[]) =>
  (check: (row: Row) => unknown): void => {
    it(title, async () => {
      const failures: string[] = []
      for (const row of rows)
        try {
          await check(row)
        } catch (error) {
          failures.push(`${named(row)}\n${error instanceof Error ? error.stack : inspect(error)}`)
        }
      if (failures.length > 0) fail(failures.join('\n\n'))
    })
  }
