import { deepEqual, equal, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { root } from '../../local/synthesis.ts'

const bin = mkdtempSync(join(tmpdir(), 'imsg-sam-'))
after(() => rmSync(bin, { recursive: true }))

/** Puts a program on the PATH that notes what it was called with. */
const program = (name: string, status = 0): void => {
  const file = join(bin, name)
  const script = `#!/bin/sh\nfor word in "$@"; do echo "$word" >> "${file}.said"; done\nexit ${status}\n`
  writeFileSync(file, script, { mode: 0o755 })
}

/** What a program was called with since this was last asked. */
const said = (name: string): string[] => {
  const file = join(bin, `${name}.said`)
  const words = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
  rmSync(file, { force: true })
  return words
}

const sam = (...args: string[]) => {
  const { HOME = '' } = process.env
  return spawnSync(process.execPath, ['local/sam.ts', ...args], {
    cwd: root,
    // npm and esbuild come from the folder of this Node; nothing else that may be installed is found.
    env: { PATH: [bin, dirname(process.execPath), '/bin'].join(':'), HOME, PORT: '3456' },
    encoding: 'utf8',
  })
}

describe('npm run sam', () => {
  it('says what is missing: SAM, then Docker, then a function that can be invoked', () => {
    program('sam', 127)
    program('docker', 1)
    match(sam().stderr, /^AWS SAM CLI is not installed.*`npm start`/)
    program('sam')
    match(sam().stderr, /^Docker does not answer.*`npm start`/)
    program('docker')
    const { status, stdout, stderr } = sam('invoke', 'nothing')
    match(stderr, /^invoke takes one of: login, .*refresh-state\./)
    deepEqual([status, stdout], [1, ''])
  })

  it('invokes one function, with an event of its kind unless one is given', () => {
    said('sam')
    equal(sam('invoke', 'health', '--debug').status, 0)
    const words = said('sam').slice(1)
    deepEqual([words.slice(0, 3), words.at(-1)], [['local', 'invoke', 'health'], '--debug'])
    const event = JSON.parse(readFileSync(words[words.indexOf('-e') + 1] ?? '', 'utf8'))
    deepEqual([event.version, event.routeKey], ['2.0', 'GET /imsg-service/v1/health'])

    equal(sam('invoke', 'refresh-state', '--event', 'mine.json').status, 0)
    deepEqual(said('sam').slice(-2), ['--event', 'mine.json'])
  })
})
