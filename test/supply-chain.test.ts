import { deepEqual, match, ok } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { lockedIn, production } from '../docs/licences.ts'

const root = join(import.meta.dirname, '..')

type Manifest = Readonly<{
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  allowScripts?: Record<string, boolean>
}>

const manifest = (file: string): Manifest => JSON.parse(readFileSync(join(root, file), 'utf8'))

/** Every project of the repository. */
const manifests = globSync('**/package.json', {
  cwd: root,
  exclude: (name) => ['node_modules', 'cdk.out', '.local'].some((folder) => name.includes(folder)),
}).sort()

const lockOf = (file: string): string => file.replace(/package\.json$/, 'package-lock.json')

/**
 * Programs of two development tools (a linter, a parser) for systems on which the lock file was not written: the registry that was asked has
 * none of them, so their bytes are not known. Linux with glibc, where CI runs, is locked like everything else.
 */
const isOfAnotherPlatform = (place: string): boolean =>
  /^node_modules\/(@biomejs\/cli|@oxc-parser\/binding)-/.test(place) &&
  !/-linux-(x64|arm64)(-gnu)?$/.test(place)

describe('the supply chain', () => {
  it('is that of the projects that are here', () => ok(manifests.includes('package.json')))

  for (const file of manifests) {
    it(`pins every dependency to one version: ${file}`, () => {
      const { dependencies, devDependencies, optionalDependencies } = manifest(file)
      for (const [name, version] of Object.entries({
        ...dependencies,
        ...devDependencies,
        ...optionalDependencies,
      }))
        match(version, /^(npm:[\w@/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/, name)
    })

    // A package without dependencies has nothing to lock.
    if (Object.keys({ ...manifest(file).dependencies, ...manifest(file).devDependencies }).length === 0)
      continue

    it(`locks bytes, and names no registry: ${lockOf(file)}`, () => {
      for (const [place, locked] of Object.entries<object>(lockedIn(lockOf(file)))) {
        ok(!('resolved' in locked), place)
        ok(
          place === '' || 'integrity' in locked || 'inBundle' in locked || isOfAnotherPlatform(place),
          `${place} has no integrity`,
        )
      }
    })

    it(`runs no install script but those it allows: ${file}`, () => {
      const scripted = Object.entries(lockedIn(lockOf(file))).flatMap(([place, { hasInstallScript }]) =>
        hasInstallScript ? [place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)] : [],
      )
      deepEqual([...new Set(scripted)].sort(), Object.keys(manifest(file).allowScripts ?? {}).sort())
    })
  }

  it('is listed with the licence of each package that is deployed, none of which asks for more than a notice', () => {
    const rows = production()
    ok(rows.length > 0)
    for (const { name, licence } of rows) match(licence, /^(MIT|Apache-2\.0|0BSD|ISC|BSD-[23]-Clause)$/, name)
  })

  it('is explained when it is a direct dependency that is deployed', () => {
    const page = readFileSync(join(root, 'docs/supply-chain.md'), 'utf8')
    const [, section = ''] = /## Direct dependencies\n([\s\S]*?)\n## /.exec(page) ?? []
    const explained = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name)
    deepEqual(explained.sort(), Object.keys(manifest('package.json').dependencies ?? {}).sort())
  })
})
