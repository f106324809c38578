import { readFileSync } from 'node:fs'

/** What is bundled into the functions, directly or through others: name, version and licence, from the lock file. */

type Locked = Readonly<{
  version?: string
  license?: string
  dev?: boolean
  optional?: boolean
  link?: boolean
}>

const root = new URL('../', import.meta.url)

/** The packages of a lock file by their place in `node_modules`. */
export const lockedIn = (file: string): Readonly<Record<string, Locked & { hasInstallScript?: boolean }>> =>
  JSON.parse(readFileSync(new URL(file, root), 'utf8')).packages

/** Every production dependency, each version once. */
export const production = (): readonly Readonly<{ name: string; version: string; licence: string }>[] => {
  const rows = Object.entries(lockedIn('package-lock.json'))
    .filter(([place, { dev, link }]) => place !== '' && !dev && !link)
    .map(([place, { version = '', license = 'not stated' }]) => ({
      name: place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      licence: license,
    }))
  const unique = new Map(rows.map((row) => [`${row.name}@${row.version}`, row]))
  return [...unique.values()].sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1))
}

/** The list as a table. */
export const licences = (): string => {
  const rows = production()
  const counts = Object.entries(Object.groupBy(rows, ({ licence }) => licence))
    .map(([licence, { length } = []]) => `${length} ${licence}`)
    .sort()
  return [
    `${rows.length} packages: ${counts.join(', ')}.`,
    '',
    '| package | version | licence |',
    '|---|---|---|',
    ...rows.map(({ name, version, licence }) => `| \`${name}\` | ${version} | ${licence} |`),
  ].join('\n')
}
