import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { FileSystem } from 'aws-cdk-lib'

const root = join(import.meta.dirname, '..', '..')
const outdir = mkdtempSync(join(tmpdir(), 'imsg-synth-'))
after(() => rmSync(outdir, { recursive: true }))

const synth = (settings: Record<string, string> = {}) => {
  const { PATH = '', HOME = '' } = process.env
  const env = { PATH, HOME, CDK_OUTDIR: outdir, ...settings }
  // As on a machine where a new file is its owner's alone: Lambda would not be able to read it.
  const inShell = ['-c', 'umask 077; exec "$0" "$@"', process.execPath, 'infra/app.ts']
  return spawnSync('/bin/sh', inShell, { cwd: root, env, encoding: 'utf8' })
}

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8)

describe('node infra/app.ts', () => {
  it('says which settings are missing, without a stack trace', () => {
    const { status, stdout, stderr } = synth()
    deepEqual([status, stdout], [1, ''])
    match(stderr, /^3 setting\(s\) to correct:\n- IMAS_URL is missing\./)
    match(stderr, /infra\/example\.env/)
    equal(/\n {4}at /.test(stderr), false)
  })

  it('synthesises the example without a finding, and every function as files of which the first exports its handler', async () => {
    const { status, stderr } = synth({ SETTINGS_FILE: 'infra/example.env' })
    equal(status, 0, stderr)
    equal(/ERROR|WARNING/.test(stderr), false, stderr)

    const template = JSON.parse(readFileSync(join(outdir, 'imsg-service.template.json'), 'utf8'))
    for (const { Type, Metadata } of Object.values<{ Type: string; Metadata?: Record<string, string> }>(
      template.Resources,
    )) {
      if (Type !== 'AWS::Lambda::Function') continue
      const asset = join(outdir, Metadata?.['aws:asset:path'] ?? '')
      const [index, later, ...more] = readdirSync(asset)
      deepEqual([index, more], ['index.mjs', []])
      match(later ?? '', /^(texts|public-suffix)\.mjs$/)
      match(readFileSync(join(asset, 'index.mjs'), 'utf8'), /export\s*\{[^}]*\bhandler\b[^}]*\}/)
      deepEqual(
        [asset, join(asset, 'index.mjs'), join(asset, later ?? '')].map(modeOf),
        ['755', '644', '644'],
        'Lambda has to be able to read its files',
      )
      notEqual(basename(asset), `asset.${FileSystem.fingerprint(asset)}`, 'the modes are part of the name')
    }
  })
})
