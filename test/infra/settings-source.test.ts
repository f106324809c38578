import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import cdk from '../../cdk.json' with { type: 'json' }
import type { Texts } from '../../infra/settings.ts'
import { settingsFrom } from '../../infra/settings-source.ts'

const root = join(import.meta.dirname, '..', '..')
const real = {
  PUBLIC_URL: 'https://gateway.example.dev',
  IMAS_URL: 'https://imas.example.dev',
  TOKEN_ISSUER: 'https://imas.example.dev',
  TOKEN_AUDIENCE: 'https://gateway.example.dev',
}
const folder = mkdtempSync(join(tmpdir(), 'imsg-settings-'))
after(() => rmSync(folder, { recursive: true }))

/** A settings file with the lines of `real`, changed so. */
const fileOf = (texts: Texts, more = ''): string => {
  const file = join(folder, `${randomUUID()}.env`)
  const lines = Object.entries({ ...real, ...texts }).filter(([, text]) => text !== undefined)
  writeFileSync(file, `# mine\n\n${lines.map(([name, text]) => `${name}=${text}\n`).join('')}${more}`)
  return file
}

describe('a settings file', () => {
  it('is the only source: what was deleted from it is gone, whatever the environment and the context say', () => {
    const outside = { COOKIE_DOMAIN: 'example.dev', LOG_LEVEL: 'debug' }
    const { texts, problems, warnings } = settingsFrom(fileOf({}), outside, { COOKIE_NAME: 'theirs' })
    deepEqual([texts, problems], [real, []])
    deepEqual(
      warnings,
      ['COOKIE_NAME', 'COOKIE_DOMAIN', 'LOG_LEVEL'].map(
        (name) => `${name} outside the settings file is ignored.`,
      ),
    )
  })

  it('is read and not run', () => {
    const { texts } = settingsFrom(
      fileOf({ COOKIE_NAME: '$(touch x)' }, "export LOG_LEVEL='warn' # calm\n"),
      {},
      {},
    )
    deepEqual([texts.COOKIE_NAME, texts.LOG_LEVEL], ['$(touch x)', 'warn'])
  })

  for (const [what, file, problems] of [
    [
      'a misspelt name',
      fileOf({ COOKIE_DOMIAN: 'x' }),
      ['COOKIE_DOMIAN in the settings file is not a setting: COOKIE_DOMAIN is.'],
    ],
    [
      'a name in small letters',
      fileOf({ log_level: 'info' }),
      ['log_level in the settings file is not a setting: LOG_LEVEL is.'],
    ],
    [
      'a name of somebody else',
      fileOf({ AWS_PROFILE: 'x' }),
      ['AWS_PROFILE in the settings file is not a setting.'],
    ],
    [
      'a line that is no setting',
      fileOf({}, 'LOG_LEVEL info\n'),
      ['Line 7 of the settings file is not NAME=value.'],
    ],
    [
      'a name that comes twice',
      fileOf({}, 'IMAS_URL=https://b.dev\n'),
      ['Line 7 of the settings file gives IMAS_URL again.'],
    ],
    [
      'a quotation mark that is never closed',
      fileOf({}, 'COOKIE_NAME="sid\nLOG_LEVEL=info\n# "\n'),
      ['Line 8 of the settings file is not read: a quotation mark above it is never closed.'],
    ],
    ['no file', '/nowhere/my.env', ['The settings file /nowhere/my.env cannot be read.']],
  ] as const)
    it(`is refused with ${what}`, () => deepEqual(settingsFrom(file, {}, {}).problems, problems))

  it('is what doctor, synth and deploy take by --settings', () => {
    const wrong = fileOf({ COOKIE_DOMIAN: 'x', TOKEN_ISSUER: 'uncheked' })
    const refused =
      /2 setting\(s\) to correct:\n- COOKIE_DOMIAN in the settings file is not [^\n]+\n- TOKEN_ISSUER is nearly `unchecked`/
    for (const words of [['infra/doctor.ts'], ['infra/cdk.ts', 'synth'], ['infra/cdk.ts', 'deploy']]) {
      const { PATH, HOME } = process.env
      const { status, stdout, stderr } = spawnSync(process.execPath, [...words, '--settings', wrong], {
        cwd: root,
        env: { PATH, HOME, ...real },
        encoding: 'utf8',
      })
      equal(status, 1, words.join(' '))
      match(stdout + stderr, refused)
      ok(!/\n {4}at /.test(stdout + stderr))
    }
  })

  it('is not deployed while it is the example', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['infra/cdk.ts', 'deploy', '--settings=infra/example.env'],
      { cwd: root, encoding: 'utf8' },
    )
    deepEqual([status, stderr.split(':')[0]], [1, 'infra/example.env is an example'])
  })
})

describe('settings of the environment and of cdk.json', () => {
  it('are taken from the environment before the context', () => {
    const { texts } = settingsFrom(
      undefined,
      { COOKIE_NAME: 'mine', LOG_LEVEL: ' ' },
      { COOKIE_NAME: 'theirs', GRACE_PERIOD: 240, LOG_LEVEL: 'warn' },
    )
    deepEqual(texts, { COOKIE_NAME: 'mine', GRACE_PERIOD: 240, LOG_LEVEL: 'warn' })
  })

  it('are warned of when a name is within two letters of a setting', () => {
    deepEqual(
      settingsFrom(undefined, { COOKIE_DOMIAN: 'x', COOKIE_DMN: 'x', HOST: 'x', PATH: 'x' }, {}).warnings,
      ['COOKIE_DOMIAN in the environment is not a setting: COOKIE_DOMAIN is.'],
    )
  })

  it('are refused in the context when a name looks like one of ours', () => {
    const context = {
      ...cdk.context,
      'aws:cdk:bundling-stacks': [],
      COOKIE_DOMIAN: 'x',
      OTHER_WORD: 'y',
      stageName: 'z',
    }
    deepEqual(settingsFrom(undefined, {}, context).problems, [
      'COOKIE_DOMIAN in the context of cdk.json is not a setting: COOKIE_DOMAIN is.',
      'OTHER_WORD in the context of cdk.json is not a setting.',
      'stageName in the context of cdk.json is not a setting: STAGE_NAME is.',
    ])
  })

  for (const [what, texts, problem] of [
    [
      'untouched values of the example',
      { COOKIE_DOMAIN: 'example.com' },
      'COOKIE_DOMAIN still has the value of an example.',
    ],
    [
      'the certificate of the example',
      {
        DOMAIN_CERTIFICATE_ARN:
          'arn:aws:acm:eu-north-1:111122223333:certificate/12345678-90ab-cdef-1234-567890abcdef',
      },
      'DOMAIN_CERTIFICATE_ARN still has the value of an example.',
    ],
    [
      "hosts that are nobody's",
      { CORS_ALLOWED_ORIGINS: 'https://a.dev, https://a.example.org' },
      'CORS_ALLOWED_ORIGINS still has the value of an example.',
    ],
    [
      'an identity service on this machine',
      { IMAS_URL: 'http://localhost:4000' },
      'IMAS_URL is this machine, which a deployment cannot reach.',
    ],
    [
      'an Admin API on this machine',
      { ADMIN_API_URL: 'http://127.0.0.1:1' },
      'ADMIN_API_URL is this machine, which a deployment cannot reach.',
    ],
  ] as const)
    it(`are refused for a deployment: ${what}`, () => {
      deepEqual(settingsFrom(undefined, { ...real, ...texts }, {}).problems, [problem])
      deepEqual(
        settingsFrom(undefined, { ...real, ...texts, PUBLIC_URL: 'http://localhost:3000' }, {}).problems,
        [],
      )
    })
})
