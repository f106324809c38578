import { deepEqual, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, it } from 'node:test'
import { root } from '../../local/synthesis.ts'

const bin = mkdtempSync(join(tmpdir(), 'imsg-sam-'))
after(() => rmSync(bin, { recursive: true }))

/** Puts a program on the PATH that ends like this. */
const program = (name: string, status: number): void =>
  writeFileSync(join(bin, name), `#!/bin/sh\nexit ${status}\n`, { mode: 0o755 })

const sam = (...args: string[]) => {
  const { HOME = '' } = process.env
  return spawnSync(process.execPath, ['local/sam.ts', ...args], {
    cwd: root,
    // npm and esbuild come from the folder of this Node; nothing else that may be installed is found.
    env: { PATH: [bin, dirname(process.execPath), '/bin'].join(':'), HOME },
    encoding: 'utf8',
  })
}

/** What it does with the real SAM shows in test/engines/sam.test.ts. */
it('npm run sam says what is missing: SAM, then Docker, then a function that can be invoked', () => {
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
