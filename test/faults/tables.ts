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

/** The table of what was measured. */
export const rendered = (name: Name, rows: readonly Measured[]): string =>
  [
    line(['fault', ...columns[name]]),
    line(['fault', ...columns[name]].map(() => '---')),
    ...rows.map(({ what, cells }) =>
      line([what, ...columns[name].map((column) => cells[column]?.outcome ?? '')]),
    ),
  ].join('\n')

const between = (name: Name): RegExp =>
  new RegExp(`(<!-- faults: ${name}[^\\n]* -->\\n)([^]*?)(\\n<!-- end -->)`)

/** The table in this text. */
export const committed = (name: Name, text: string): string => between(name).exec(text)?.[2] ?? ''

/** The text with this table instead of its own. */
export const withTable = (name: Name, text: string, table: string): string =>
  text.replace(between(name), (_, before, __, after) => `${before}${table}${after}`)
