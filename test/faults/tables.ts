import { databaseTable, identityTable, type Measured } from './measure.ts'
import { routeNames } from './visits.ts'

/** The fault tables of `docs/reliability.md`: what was measured, as Markdown between two comments. */

export const page = new URL('../../docs/reliability.md', import.meta.url)

export const names = ['database', 'identity'] as const
export type Name = (typeof names)[number]

const columns: Readonly<Record<Name, readonly string[]>> = {
  database: [...routeNames, 'refresh-state'],
  identity: [...routeNames, 'refresh-state', 'a new key'],
}

export const measure: Readonly<Record<Name, () => Promise<readonly Measured[]>>> = {
  database: databaseTable,
  identity: identityTable,
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

type Cells = Measured['cells']

const requestRoutes = routeNames.filter((name) => name !== 'health')

/** What the columns answered, each answer once with those that gave it: `503: all; 500: health`. */
const grouped = (names: readonly string[], cells: Cells): string => {
  const groups = Map.groupBy(names, (column) => cells[column]?.outcome ?? '')
  return [...groups]
    .map(([outcome, given]) => {
      const isAll = requestRoutes.every((name) => given.includes(name))
      const others = given.filter((name) => !requestRoutes.some((route) => route === name))
      return `${outcome}: ${(isAll ? ['all', ...others] : given).join(', ')}`
    })
    .join('; ')
}

/** The table of what was measured. After the row without a fault, a row names what differs from it. */
export const rendered = (name: Name, rows: readonly Measured[]): string => {
  const [usual] = rows
  return [
    line(['fault', 'answers']),
    line(['---', '---']),
    ...rows.map((row) => {
      const measured = columns[name].filter((column) => (row.cells[column]?.outcome ?? '') !== '')
      const differing = measured.filter(
        (column) => row === usual || row.cells[column]?.outcome !== usual?.cells[column]?.outcome,
      )
      return line([row.what, grouped(differing, row.cells) || 'as without a fault'])
    }),
  ].join('\n')
}

const between = (name: Name): RegExp =>
  new RegExp(`(<!-- faults: ${name}[^\\n]* -->\\n)([^]*?)(\\n<!-- end -->)`)

/** The table in this text. */
export const committed = (name: Name, text: string): string => between(name).exec(text)?.[2] ?? ''

/** The text with this table instead of its own. */
export const withTable = (name: Name, text: string, table: string): string =>
  text.replace(between(name), (_, before, __, after) => `${before}${table}${after}`)
