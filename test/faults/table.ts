import { readFileSync, writeFileSync } from 'node:fs'
import { measure, names, page, rendered, withTable } from './tables.ts'

/** `npm run bench -- faults`: measures every fault at every route and writes the tables; `--json` prints what was measured instead. */

const [format, ...others] = process.argv.slice(2)
if (others.length > 0 || (format !== undefined && format !== '--json')) {
  console.error('npm run bench -- faults [--json]')
  process.exit(2)
}
console.error(`measuring every fault at every route, about half a minute: ${names.join(', ')} ...`)
const measured = await Promise.all(names.map(async (name) => [name, await measure[name]()] as const))
if (format === '--json') process.stdout.write(`${JSON.stringify(Object.fromEntries(measured), null, 2)}\n`)
else {
  const text = measured.reduce(
    (so, [name, rows]) => withTable(name, so, rendered(name, rows)),
    readFileSync(page, 'utf8'),
  )
  writeFileSync(page, text)
  console.error('written: docs/reliability.md')
}
// Requests that were given up still hang at the fronts.
process.exit()
