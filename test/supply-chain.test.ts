import { deepEqual, match, ok } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { lockedIn, production } from '../docs/licences.ts'
import { root } from '../local/synthesis.ts'
import { each } from './support/each.ts'

const manifest = (file: string) => {
  const {
    dependencies = {},
    devDependencies = {},
    optionalDependencies = {},
    allowScripts = {},
  } = JSON.parse(readFileSync(join(root, file), 'utf8'))
  const all: Record<string, string> = { ...dependencies, ...devDependencies, ...optionalDependencies }
  return { dependencies, all, allowScripts }
}

/** Every project of the repository, and those with dependencies. */
const manifests = globSync('**/package.json', {
  cwd: root,
  exclude: (name) => ['node_modules', 'cdk.out', '.local'].some((folder) => name.includes(folder)),
}).sort()
const dependent = manifests.filter((file) => Object.keys(manifest(file).all).length > 0)

const lockOf = (file: string) => Object.entries(lockedIn(file.replace(/package\.json$/, 'package-lock.json')))

/**
 * Binaries of two development tools (a linter, a parser) for platforms other than Linux with glibc, where CI
 * runs. Their hashes are unknown.
 */
const isOfAnotherPlatform = (place: string): boolean =>
  /^node_modules\/(@biomejs\/cli|@oxc-parser\/binding)-/.test(place) &&
  !/-linux-(x64|arm64)(-gnu)?$/.test(place)

describe('the supply chain', () => {
  each(
    'pins every dependency to one version',
    manifests,
  )((file) => {
    for (const [name, version] of Object.entries(manifest(file).all))
      match(version, /^(npm:[\w@/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/, name)
  })

  each(
    'locks the integrity hash of every package, without naming a registry',
    dependent,
  )((file) => {
    for (const [place, locked] of lockOf(file)) {
      ok(!('resolved' in locked), place)
      const isLocked = 'integrity' in locked || 'inBundle' in locked || isOfAnotherPlatform(place)
      ok(place === '' || isLocked, `${place} has no integrity`)
    }
  })

  each(
    'allows exactly the install scripts that its packages have',
    dependent,
  )((file) => {
    const scripted = lockOf(file).filter(([, { hasInstallScript }]) => hasInstallScript)
    const names = scripted.map(([place]) => place.replace(/^.*node_modules\//, ''))
    deepEqual([...new Set(names)].sort(), Object.keys(manifest(file).allowScripts).sort())
  })

  it('deploys only packages with a permissive licence', () => {
    const rows = production()
    ok(rows.length > 0)
    for (const { name, licence } of rows) match(licence, /^(MIT|Apache-2\.0|0BSD|ISC|BSD-[23]-Clause)$/, name)
  })

  it('explains every direct production dependency in docs/supply-chain.md', () => {
    const page = readFileSync(join(root, 'docs/supply-chain.md'), 'utf8')
    const [, section = ''] = /## Direct dependencies\n([\s\S]*?)\n## /.exec(page) ?? []
    const explained = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name)
    deepEqual(explained.sort(), Object.keys(manifest('package.json').dependencies).sort())
  })
})
