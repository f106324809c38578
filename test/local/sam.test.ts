import { deepEqual, equal, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { root } from '../../local/synthesis.ts'

const bin = mkdtempSync(join(tmpdir(), 'imsg-sam-'))
after(() => rmSync(bin, { recursive: true }))

/** Puts a program on the PATH that notes what it was called with. */
const program = (name: string, status = 0): void => {
  const file = join(bin, name)
  writeFileSync(
    file,
    `#!/bin/sh\nfor word in "$@"; do echo "$word" >> "${file}.said"; done\nexit ${status}\n`,
  )
  chmodSync(file, 0o755)
}

const said = (name: string): string[] => {
  const file = join(bin, `${name}.said`)
  const words = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
  rmSync(file, { force: true })
  return words
}

const sam = (args: string[], env: Record<string, string> = {}) => {
  const { HOME = '' } = process.env
  return spawnSync(process.execPath, ['local/sam.ts', ...args], {
    cwd: root,
    // npm and esbuild come from the folder of this Node; nothing else that may be installed is found.
    env: { PATH: [bin, dirname(process.execPath), '/bin'].join(':'), HOME, ...env },
    encoding: 'utf8',
  })
}

const database = 'http://host.docker.internal:8000'
const here = { PORT: '3456', AWS_ENDPOINT_URL_DYNAMODB: database, COOKIE_NAME: 'dev-imidToken' }

describe('npm run sam', () => {
  it('says what is missing: SAM, then Docker, and what needs neither', () => {
    program('sam', 127)
    program('docker', 1)
    const without = sam([])
    deepEqual([without.status, without.stdout], [1, ''])
    match(without.stderr, /^AWS SAM CLI is not installed.*`npm start`/)

    program('sam')
    const alone = sam([])
    deepEqual([alone.status, alone.stdout], [1, ''])
    match(alone.stderr, /^Docker does not answer.*`npm start`/)
    program('docker')
    deepEqual([said('sam').length > 0, said('docker')[0]], [true, 'info'])
  })

  it('invokes one function, with an event of its kind unless one is given', () => {
    equal(sam(['invoke', 'health', '--debug'], here).status, 0)
    const words = said('sam').slice(1)
    deepEqual([words.slice(0, 3), words.at(-1)], [['local', 'invoke', 'health'], '--debug'])
    const event = JSON.parse(readFileSync(words[words.indexOf('-e') + 1] ?? '', 'utf8'))
    deepEqual([event.version, event.routeKey], ['2.0', 'GET /imsg-service/v1/health'])

    equal(sam(['invoke', 'refresh-state', '--event', 'mine.json'], here).status, 0)
    deepEqual(said('sam').slice(-2), ['--event', 'mine.json'])
  })

  it('knows the functions that can be invoked', () => {
    const { status, stderr } = sam(['invoke', 'nothing'])
    equal(status, 1)
    match(stderr, /^invoke takes one of: login, .*refresh-state\./)
  })
})
