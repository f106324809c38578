import { readFileSync, writeFileSync } from 'node:fs'
import { measure, names, page, rendered, withTable } from './tables.ts'

/** `npm run faults`: measures every fault at every route and writes the tables; `--json` prints what was measured instead. */

const measured = await Promise.all(names.map(async (name) => [name, await measure[name]()] as const))
if (process.argv.includes('--json'))
  process.stdout.write(`${JSON.stringify(Object.fromEntries(measured), null, 2)}\n`)
else {
  const text = measured.reduce(
    (so, [name, rows]) => withTable(name, so, rendered(name, rows)),
    readFileSync(page, 'utf8'),
  )
  writeFileSync(page, text)
}
// Requests that were given up still hang at the fronts.
process.exit()
