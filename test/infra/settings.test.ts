import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { parseEnv } from 'node:util'
import cdk from '../../cdk.json' with { type: 'json' }
import { judge, verdict } from '../../infra/doctor.ts'
import { environmentSize } from '../../infra/environment.ts'
import { readDeployment, type Texts, weakenings } from '../../infra/settings.ts'
import { exampleFile, settingsFrom } from '../../infra/settings-source.ts'
import { ConfigError } from '../../lib/config.ts'
import { each } from '../support/each.ts'

const good = {
  PUBLIC_URL: 'https://gateway.example.dev',
  IMAS_URL: 'https://imas.example.dev',
  TOKEN_ISSUER: 'https://imas.example.dev',
  TOKEN_AUDIENCE: 'https://gateway.example.dev',
}
const certificate = `arn:aws:acm:eu-west-1:123456789012:certificate/${'a'.repeat(8)}`

const problemsOf = (texts: Texts): readonly string[] => {
  try {
    readDeployment(texts)
    return []
  } catch (error) {
    ok(error instanceof ConfigError)
    return error.problems
  }
}

/** One vector for what `test/config.test.ts` checks, and each problem of a deployment. */
const wrong: [texts: Texts, problem: RegExp][] = [
  [{ IMAS_URL: 'https://imas.example.dev/?a=b' }, /^IMAS_URL may not contain a query or fragment/],
  [{ ORGANISATIONS: 'nowhere.json' }, /^ORGANISATIONS names a file/],
  [{ ORGANISATIONS: 'README.md' }, /^ORGANISATIONS is not JSON/],
  [{ ORGANISATIONS: 'package.json' }, /^ORGANISATIONS: organ/],
  [{ PUBLIC_URL: 'https://me.github.io', COOKIE_DOMAIN: 'github.io' }, /^COOKIE_DOMAIN is a public suffix/],
  [{ PUBLIC_URL: 'https://me.co.uk', COOKIE_DOMAIN: 'co.uk' }, /^COOKIE_DOMAIN is a public suffix/],
  [
    { PUBLIC_URL: '', COOKIE_DOMAIN: 'example.dev' },
    /^COOKIE_DOMAIN has to be the host of PUBLIC_URL or a parent/,
  ],
  [{ DOMAIN_CERTIFICATE_ARN: 'my-certificate' }, /^DOMAIN_CERTIFICATE_ARN has to be the ARN/],
  [{ PUBLIC_URL: '', DOMAIN_CERTIFICATE_ARN: certificate }, /^PUBLIC_URL is missing/],
  [
    { PUBLIC_URL: 'https://a.example.dev:8443', DOMAIN_CERTIFICATE_ARN: certificate },
    /^PUBLIC_URL names a port/,
  ],
  [{ HOSTED_ZONE_ID: 'Z123456' }, /^DOMAIN_CERTIFICATE_ARN is missing/],
  [{ HOSTED_ZONE_ID: 'example.dev', DOMAIN_CERTIFICATE_ARN: certificate }, /^HOSTED_ZONE_ID has to be/],
  [{ EXISTING_TABLE: 'arn:aws:dynamodb:eu-west-1:1:table/t' }, /^EXISTING_TABLE has to be/],
  [{ ALARM_EMAIL: '"a@b.test"' }, /^ALARM_EMAIL contains quotation marks/],
  [{ ALARM_EMAIL: 'operators' }, /^ALARM_EMAIL has to be/],
  [{ TOKEN_ISSUER: 'uncheked' }, /^TOKEN_ISSUER is nearly `unchecked`/],
  [{ TOKEN_AUDIENCE: 'Unchecked' }, /^TOKEN_AUDIENCE is nearly `unchecked`/],
  [{ STAGE_NAME: 'my stage' }, /^STAGE_NAME has to be/],
]

describe('The settings of a deployment', () => {
  each(
    'are refused with the name of the setting, and without its value',
    wrong,
  )(([texts, problem]) => {
    const [first = '', ...others] = problemsOf({ ...good, ...texts })
    deepEqual(others, [])
    match(first, problem)
    for (const value of Object.values(texts)) ok(value === '' || !first.includes(`${value} `))
  })

  it('report all problems of functions and deployment together', () => {
    const texts = { PUBLIC_URL: 'http://gateway.example.dev', GRACE_PERIOD: '1', STAGE_NAME: 'my stage' }
    deepEqual(
      problemsOf(texts).map((problem) => problem.split(' ')[0]),
      ['STAGE_NAME', 'PUBLIC_URL', 'IMAS_URL', 'TOKEN_ISSUER', 'TOKEN_AUDIENCE', 'GRACE_PERIOD'],
    )
  })

  it('leave the providers of an organisations file out of the bundle of the gateway', () => {
    const { organisations = '' } = readDeployment({
      ...good,
      ORGANISATIONS: 'identity/organisations.example.json',
    })
    ok(organisations.includes('"name":"demo"') && !organisations.includes('provider'), organisations)
  })

  it('are valid in the example', () =>
    deepEqual(weakenings(readDeployment(parseEnv(readFileSync(exampleFile, 'utf8')))), []))

  const heard = { ...good, ALARM_EMAIL: 'operators@example.dev', DOMAIN_CERTIFICATE_ARN: certificate }
  each('cause a warning when one weakens a protection or has no effect', [
    [heard, []],
    [{ ...heard, ALARM_EMAIL: '' }, [/^ALARM_EMAIL is missing/]],
    [{ ...heard, LOGIN_BINDING: 'off' }, [/^LOGIN_BINDING is off/]],
    [{ ...heard, SESSION_SEAL: 'off' }, [/^SESSION_SEAL is off/]],
    [{ ...heard, AWS_USE_EMPTY_CREDENTIALS: 'true' }, [/^AWS_USE_EMPTY_CREDENTIALS is on/]],
    [
      { ...heard, PUBLIC_URL: 'http://localhost', DOMAIN_CERTIFICATE_ARN: '' },
      [/^PUBLIC_URL is this machine/],
    ],
    [
      { ...heard, TOKEN_ISSUER: 'unchecked', TOKEN_AUDIENCE: 'unchecked' },
      [/^TOKEN_ISSUER is unchecked/, /^TOKEN_AUDIENCE is unchecked/],
    ],
    [{ ...heard, DOMAIN_CERTIFICATE_ARN: '' }, [/^DOMAIN_CERTIFICATE_ARN is missing: something else/]],
    [
      { ...heard, CORS_ALLOWED_ORIGINS: 'https://editor.example.dev,https://editor.example.org' },
      [/^CORS_ALLOWED_ORIGINS entry 2 is not of the same site as PUBLIC_URL/],
    ],
    [
      {
        ...good,
        ALARM_EMAIL: 'a@example.dev',
        PUBLIC_URL: '',
        CORS_ALLOWED_ORIGINS: 'https://editor.example.dev',
      },
      [/entry 1 is not of the same site as the address of the API, as PUBLIC_URL is not set:/],
    ],
  ])(([texts, warnings]) => {
    const found = weakenings(readDeployment(texts))
    equal(found.length, warnings.length, found.join('\n'))
    for (const [index, warning] of warnings.entries()) match(found[index] ?? '', warning)
  })
})

describe('the 4,096 bytes that Lambda allows for the variables of a function', () => {
  it('are not exceeded, even with the longest possible resource names', () => {
    const origins = (count: number) =>
      Array.from({ length: count }, (_, n) => `https://editor-${n + 100}.newsroom-one.example.dev`).join()
    const [problem = '', ...others] = problemsOf({ ...good, CORS_ALLOWED_ORIGINS: origins(90) })
    deepEqual(others, [])
    match(
      problem,
      /^CORS_ALLOWED_ORIGINS is too long: it takes \d{4} of the 4096 bytes .* and \d+ have to go\. Take out/,
    )
    deepEqual(problemsOf({ ...good, CORS_ALLOWED_ORIGINS: origins(60) }), [])
  })

  it('are counted as Lambda does: names, values and their JSON syntax', () =>
    equal(environmentSize({ A: 'x', B: 'é"' }), '{"A":"x","B":"xx\\""}'.length))
})

const folder = mkdtempSync(join(tmpdir(), 'imsg-settings-'))
after(() => rmSync(folder, { recursive: true }))

/** A settings file with the lines of `good`, changed so. */
const fileOf = (texts: Texts, more = ''): string => {
  const file = join(folder, `${randomUUID()}.env`)
  const lines = Object.entries({ ...good, ...texts }).map(([name, text]) => `${name}=${text}\n`)
  writeFileSync(file, `# mine\n\n${lines.join('')}${more}`)
  return file
}

describe('A settings file', () => {
  it('is the only source of settings: environment and context are ignored, with a warning', () => {
    const outside = { COOKIE_DOMAIN: 'example.dev', LOG_LEVEL: 'debug' }
    const { texts, problems, warnings } = settingsFrom(fileOf({}), outside, { COOKIE_NAME: 'theirs' })
    deepEqual([texts, problems], [good, []])
    deepEqual(
      warnings,
      ['COOKIE_NAME', 'COOKIE_DOMAIN', 'LOG_LEVEL'].map(
        (name) => `${name} outside the settings file is ignored.`,
      ),
    )
  })

  it('is parsed and not executed', () => {
    const file = fileOf({ COOKIE_NAME: '$(touch x)' }, "export LOG_LEVEL='warn' # calm\n")
    const { texts } = settingsFrom(file, {}, {})
    deepEqual([texts.COOKIE_NAME, texts.LOG_LEVEL], ['$(touch x)', 'warn'])
  })

  each('is refused with an unknown name or an invalid line', [
    [
      fileOf({ COOKIE_DOMIAN: 'x' }),
      'COOKIE_DOMIAN in the settings file is not a setting: COOKIE_DOMAIN is.',
    ],
    [fileOf({ log_level: 'info' }), 'log_level in the settings file is not a setting: LOG_LEVEL is.'],
    [fileOf({ AWS_PROFILE: 'x' }), 'AWS_PROFILE in the settings file is not a setting.'],
    [fileOf({}, 'LOG_LEVEL info\n'), 'Line 7 of the settings file is not NAME=value.'],
    [fileOf({}, 'IMAS_URL=https://b.dev\n'), 'Line 7 of the settings file gives IMAS_URL again.'],
    [
      fileOf({}, 'COOKIE_NAME="sid\nLOG_LEVEL=info\n# "\n'),
      'Line 8 of the settings file is not read: a quotation mark above it is never closed.',
    ],
    ['/nowhere/my.env', 'The settings file /nowhere/my.env cannot be read.'],
  ])(([file, problem]) => deepEqual(settingsFrom(file, {}, {}).problems, [problem]))
})

describe('Settings in the environment and in cdk.json', () => {
  it('are read from the environment first, then from the context', () => {
    const context = { COOKIE_NAME: 'theirs', GRACE_PERIOD: 240, LOG_LEVEL: 'warn' }
    const { texts } = settingsFrom(undefined, { COOKIE_NAME: 'mine', LOG_LEVEL: ' ' }, context)
    deepEqual(texts, { ...context, COOKIE_NAME: 'mine' })
  })

  it('cause a warning when a variable differs from a setting by two letters or fewer', () => {
    const environment = { COOKIE_DOMIAN: 'x', COOKIE_DMN: 'x', HOST: 'x', PATH: 'x' }
    deepEqual(settingsFrom(undefined, environment, {}).warnings, [
      'COOKIE_DOMIAN in the environment is not a setting: COOKIE_DOMAIN is.',
    ])
  })

  it('are refused in the context when the name is not a setting', () => {
    const strange = { 'aws:cdk:bundling-stacks': [], COOKIE_DOMAIN: 'x', OTHER_WORD: 'y', stageName: 'z' }
    deepEqual(settingsFrom(undefined, {}, { ...cdk.context, ...strange }).problems, [
      'OTHER_WORD in the context of cdk.json is not a setting.',
      'stageName in the context of cdk.json is not a setting: STAGE_NAME is.',
    ])
  })

  const ofExample = 'arn:aws:acm:eu-north-1:111122223333:certificate/12345678-90ab-cdef-1234-567890abcdef'
  each('are refused with example or local values, unless PUBLIC_URL is this machine', [
    [{ COOKIE_DOMAIN: 'example.com' }, 'COOKIE_DOMAIN still has the value of an example.'],
    [{ DOMAIN_CERTIFICATE_ARN: ofExample }, 'DOMAIN_CERTIFICATE_ARN still has the value of an example.'],
    [
      { CORS_ALLOWED_ORIGINS: 'https://a.dev, https://a.example.org' },
      'CORS_ALLOWED_ORIGINS still has the value of an example.',
    ],
    [{ IMAS_URL: 'http://localhost:4000' }, 'IMAS_URL is this machine, which a deployment cannot reach.'],
    [
      { ADMIN_API_URL: 'http://127.0.0.1' },
      'ADMIN_API_URL is this machine, which a deployment cannot reach.',
    ],
  ])(([texts, problem]) => {
    const here = { ...good, ...texts, PUBLIC_URL: 'http://localhost:3000' }
    deepEqual(settingsFrom(undefined, { ...good, ...texts }, {}).problems, [problem])
    deepEqual(settingsFrom(undefined, here, {}).problems, [])
  })
})

describe('The doctor', () => {
  it('says of each setting whether it is given, without its value', () => {
    const { good: sound, lines } = verdict({ ...good, ALARM_EMAIL: 'canary@example.dev' })
    equal(sound, true)
    match(lines.join('\n'), /IMAS_URL +given\n.*GRACE_PERIOD +default\n.*ALARM_EMAIL +given/s)
    ok(!lines.join().includes('example.dev'))
  })

  const settings = { ...good, ALLOWED_CALLBACK_ORIGINS: 'https://editor.example.org:8443' }
  each('checks a return URL as the gateway does, and names the rule', [
    ['/after?x=1', true, ['accepted: a path on PUBLIC_URL', 'sent as https://gateway.example.dev/after?x=1']],
    [
      'https://gateway.example.dev',
      true,
      ['accepted: PUBLIC_URL itself', 'sent as https://gateway.example.dev/'],
    ],
    ['https://example.net/', false, ['refused: neither a path nor an allowed origin, spelled exactly']],
  ])(([url, accepted, lines]) =>
    deepEqual(judge(url, ['app.example.net'], settings), { good: accepted, lines }),
  )

  it('names ignored return domains, and says that PUBLIC_URL is unknown', () => {
    const strays = ['co.uk', '*.b.co.uk', 'https://b.co.uk']
    const { good: accepted, lines } = judge('https://a.b.co.uk/', strays, { ...good, PUBLIC_URL: '' })
    equal(accepted, false)
    deepEqual(
      lines.slice(1).map((line) => line.split(' ')[1]),
      [...strays, 'PUBLIC_URL'],
    )
  })

  it('checks no return URL with invalid settings', () => {
    const { good: accepted, lines } = judge('/', [], {})
    equal(accepted, false)
    match(lines[0] ?? '', /IMAS_URL is missing/)
  })
})
