import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { deploymentSettings } from '../infra/settings.ts'
import { settingsExplained } from '../infra/settings-explained.ts'
import { type SettingName, settings } from '../lib/config.ts'
import { errorsPage } from './errors.ts'
import { licences } from './licences.ts'

/**
 * Writes the parts of the documents that come from tables in the code: `npm run docs`. A test compares them.
 */

const line = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const rule = (columns: number): string => `|${'---|'.repeat(columns)}`

const defaultOf = (row: { default?: string; required?: true }): string => {
  if (row.required) return '**required**'
  return row.default ? `\`${row.default}\`` : '–'
}

/** The settings as a table. */
export const settingsTable = (): string =>
  [
    line('setting', 'what it is', 'default'),
    rule(3),
    ...Object.entries(settings).map(([name, setting]) =>
      line(
        `\`${name}\``,
        settingsExplained[name as SettingName],
        name === 'PUBLIC_URL' ? 'the address of the API' : defaultOf(setting),
      ),
    ),
    ...Object.entries(deploymentSettings).map(([name, { what }]) => line(`\`${name}\``, what, '–')),
  ].join('\n')

/** The text with `content` between the two markers of this name, or nothing where it has none. */
export const between = (text: string, name: string, content: string): string | undefined => {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [text.indexOf(open), text.indexOf(close)]
  return from < 0 || to < from
    ? undefined
    : `${text.slice(0, from + open.length)}\n${content}\n${text.slice(to)}`
}

const root = new URL('../', import.meta.url)
const read = (name: string): string => {
  const file = new URL(name, root)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

const filled = (name: string, contents: Readonly<Record<string, string>>): string =>
  Object.entries(contents).reduce((text, [marker, content]) => {
    const next = between(text, marker, content)
    if (next === undefined) throw new TypeError(`${name} lacks the markers of "${marker}"`)
    return next
  }, read(name))

/** Every document that is made, whole or in part, by its path from the root. */
export const made = (): Readonly<Record<string, string>> => ({
  'docs/errors.html': errorsPage(),
  'docs/settings.md': filled('docs/settings.md', { settings: settingsTable() }),
  'docs/supply-chain.md': filled('docs/supply-chain.md', { licences: licences() }),
})

if (import.meta.main)
  for (const [name, text] of Object.entries(made())) {
    const isNew = read(name) !== text
    if (isNew) writeFileSync(new URL(name, root), text)
    console.log(`${name}: ${isNew ? 'written' : 'unchanged'}`)
  }
