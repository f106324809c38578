import { equal } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const folder = join(import.meta.dirname, '..')

describe('The identity package', () => {
  it('type-checks, which `npm run check` cannot do before the package is installed', () => {
    const tsc = join(folder, '..', 'node_modules', 'typescript', 'bin', 'tsc')
    const { stdout, status } = spawnSync(process.execPath, [tsc], { cwd: folder, encoding: 'utf8' })
    equal(status, 0, stdout)
  })
})
