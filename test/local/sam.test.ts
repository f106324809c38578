import { deepEqual, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, it } from 'node:test'
import { root } from '../../local/synthesis.ts'

const bin = mkdtempSync(join(tmpdir(), 'imsg-sam-'))
after(() => rmSync(bin, { recursive: true }))

/** Adds a program with this exit status to the PATH. */
const program = (name: string, status: number): void =>
  writeFileSync(join(bin, name), `#!/bin/sh\nexit ${status}\n`, { mode: 0o755 })

const sam = (...args: string[]) => {
  const { HOME = '' } = process.env
  return spawnSync(process.execPath, ['local/sam.ts', ...args], {
    cwd: root,
    // The folder of this Node has npm and esbuild. A real SAM or Docker is not found.
    env: { PATH: [bin, dirname(process.execPath), '/bin'].join(':'), HOME },
    encoding: 'utf8',
  })
}

/** test/engines/sam.test.ts uses the real SAM. */
it('npm run sam names what is missing: SAM, Docker or the name of a function', () => {
  program('sam', 127)
  program('docker', 1)
  match(sam().stderr, /^AWS SAM CLI is not installed.*`npm start`/)
  program('sam', 0)
  match(sam().stderr, /^Docker does not answer.*`npm start`/)
  program('docker', 0)
  const { status, stdout, stderr } = sam('invoke', 'nothing')
  match(stderr, /^invoke takes one of: login, .*refresh-state\./)
  deepEqual([status, stdout], [1, ''])
})
