import { readFileSync } from 'node:fs'

/**
 * What is bundled into the functions, directly or through others: name, version and licence, from the lock
 * file.
 */

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

/** The list, one line for each licence. */
export const licences = (): string => {
  const byLicence = Map.groupBy(production(), ({ licence }) => licence)
  return [...byLicence]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([licence, rows]) => {
      const names = rows.map(({ name, version }) => `\`${name}\` ${version}`)
      return `- **${licence}** (${rows.length}): ${names.join(', ')}`
    })
    .join('\n')
}
