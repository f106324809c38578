import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseEnv } from 'node:util'
import { judge, verdict } from '../../infra/doctor.ts'
import { environmentSize } from '../../infra/environment.ts'
import { readDeployment, type Texts, weakenings } from '../../infra/settings.ts'
import { ConfigError } from '../../lib/config.ts'
import { each } from '../support/each.ts'

const root = join(import.meta.dirname, '..', '..')
const good = {
  PUBLIC_URL: 'https://gateway.example.com',
  IMAS_URL: 'https://imas.example.com',
  TOKEN_ISSUER: 'https://imas.example.com',
  TOKEN_AUDIENCE: 'https://gateway.example.com',
}
/** The same for somebody: example.com is nobody's. */
const real = Object.fromEntries(
  Object.entries(good).map(([name, text]) => [name, text.replace('example.com', 'example.dev')]),
)
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

/** One vector for what functions judge too (`test/config.test.ts` has the rest), and each problem of a deployment alone. */
const wrong: [texts: Texts, problem: RegExp][] = [
  [{ IMAS_URL: 'https://imas.example.com/?a=b' }, /^IMAS_URL may not contain a query or fragment/],
  [{ COOKIE_DOMAIN: 'example.com', COOKIE_NAME: '__Host-imid' }, /^COOKIE_NAME begins with __Host-/],
  [{ ORGANISATIONS: 'nowhere.json' }, /^ORGANISATIONS names a file/],
  [{ ORGANISATIONS: 'README.md' }, /^ORGANISATIONS is not JSON/],
  [{ ORGANISATIONS: 'package.json' }, /^ORGANISATIONS: organ/],
  [
    {
      ORGANISATIONS: 'identity/organisations.example.json',
      ADMIN_API_URL: 'https://a.example.com',
      ACCESS_TOKEN_URL: 'https://t.example.com',
    },
    /^ORGANISATIONS and ADMIN_API_URL both name/,
  ],
  [{ IMAS_LOGOUT_PATH: '/logout' }, /^IMAS_LOGOUT_PATH has to be/],
  [{ PUBLIC_URL: 'https://me.github.io', COOKIE_DOMAIN: 'github.io' }, /^COOKIE_DOMAIN is a public suffix/],
  [{ PUBLIC_URL: 'https://me.co.uk', COOKIE_DOMAIN: 'co.uk' }, /^COOKIE_DOMAIN is a public suffix/],
  [
    { PUBLIC_URL: '', COOKIE_DOMAIN: 'example.com' },
    /^COOKIE_DOMAIN has to be the host of PUBLIC_URL or a parent/,
  ],
  [{ ERRORS_URL: 'http://docs.example.com/errors.html' }, /^ERRORS_URL has to begin with https/],
  [
    { ERRORS_URL: 'https://docs.example.com/errors.html#codes' },
    /^ERRORS_URL may not contain a query or fragment/,
  ],
  [{ DOMAIN_CERTIFICATE_ARN: 'my-certificate' }, /^DOMAIN_CERTIFICATE_ARN has to be the ARN/],
  [{ PUBLIC_URL: '', DOMAIN_CERTIFICATE_ARN: certificate }, /^PUBLIC_URL is missing/],
  [
    { PUBLIC_URL: 'https://a.example.com:8443', DOMAIN_CERTIFICATE_ARN: certificate },
    /^PUBLIC_URL names a port/,
  ],
  [{ HOSTED_ZONE_ID: 'Z123456' }, /^DOMAIN_CERTIFICATE_ARN is missing/],
  [{ HOSTED_ZONE_ID: 'example.com', DOMAIN_CERTIFICATE_ARN: certificate }, /^HOSTED_ZONE_ID has to be/],
  [{ EXISTING_TABLE: 'arn:aws:dynamodb:eu-west-1:1:table/t' }, /^EXISTING_TABLE has to be/],
  [{ ALARM_EMAIL: '"a@b.test"' }, /^ALARM_EMAIL contains quotation marks/],
  [{ ALARM_EMAIL: 'operators' }, /^ALARM_EMAIL has to be/],
  [{ TOKEN_ISSUER: 'uncheked' }, /^TOKEN_ISSUER is nearly `unchecked`/],
  [{ TOKEN_AUDIENCE: 'Unchecked' }, /^TOKEN_AUDIENCE is nearly `unchecked`/],
  [{ STAGE_NAME: 'my stage' }, /^STAGE_NAME has to be/],
  [{ IMAS_URL: 'https://gateway.example.com/base' }, /^IMAS_URL is at PUBLIC_URL/],
  [
    { TOKEN_ISSUER: 'https://gateway.example.com/', TOKEN_AUDIENCE: 'https://imas.example.com' },
    /^TOKEN_ISSUER and TOKEN_AUDIENCE are swapped/,
  ],
  [{ TOKEN_ISSUER: 'https://gateway.example.com' }, /^TOKEN_ISSUER is PUBLIC_URL/],
]

describe('the settings of a deployment', () => {
  each(
    'refuse each problem by its name',
    wrong,
  )(([texts, problem]) => {
    const problems = problemsOf({ ...good, ...texts })
    equal(problems.length, 1, problems.join('\n'))
    match(problems[0] ?? '', problem)
  })

  it('report all problems together, those of functions and those of the deployment', () => {
    const names = problemsOf({
      PUBLIC_URL: 'http://gateway.example.com',
      ALLOWED_CALLBACK_ORIGINS: 'https://*.example.com',
      CORS_ALLOWED_ORIGINS: '*',
      GRACE_PERIOD: '1',
      COOKIE_DOMAIN: 'com',
      STAGE_NAME: 'my stage',
      ALARM_EMAIL: 'operators',
    }).map((problem) => problem.split(' ')[0])
    deepEqual(
      names.toSorted(),
      [
        'ALARM_EMAIL',
        'ALLOWED_CALLBACK_ORIGINS',
        'CORS_ALLOWED_ORIGINS',
        'COOKIE_DOMAIN',
        'GRACE_PERIOD',
        'IMAS_URL',
        'PUBLIC_URL',
        'STAGE_NAME',
        'TOKEN_AUDIENCE',
        'TOKEN_ISSUER',
      ].toSorted(),
    )
  })

  it('never quote a value', () => {
    for (const [texts] of wrong)
      for (const value of Object.values(texts).filter((text) => String(text).length > 4))
        ok(
          !problemsOf({ ...good, ...texts })
            .join()
            .includes(`${value} `),
          String(value),
        )
  })

  it('hold together in the example', () => {
    const example = parseEnv(readFileSync(new URL('../../infra/example.env', import.meta.url), 'utf8'))
    deepEqual(weakenings(readDeployment(example)), [])
  })

  it('say aloud what gives up a protection', () => {
    const names = weakenings(
      readDeployment({
        ...good,
        PUBLIC_URL: 'http://localhost:3000',
        LOGIN_BINDING: 'off',
        TOKEN_ISSUER: 'unchecked',
        TOKEN_AUDIENCE: 'unchecked',
      }),
    ).map((text) => text.split(' ')[0])
    deepEqual(names, ['ALARM_EMAIL', 'LOGIN_BINDING', 'PUBLIC_URL', 'TOKEN_ISSUER', 'TOKEN_AUDIENCE'])
    const heard = { ...good, ALARM_EMAIL: 'operators@example.com', DOMAIN_CERTIFICATE_ARN: certificate }
    const [placeholders] = weakenings(readDeployment({ ...heard, AWS_USE_EMPTY_CREDENTIALS: 'true' }))
    match(placeholders ?? '', /^AWS_USE_EMPTY_CREDENTIALS is on/)
  })

  it('say which host nobody serves yet, and which pages would come without the cookie', () => {
    const CORS_ALLOWED_ORIGINS = 'https://editor.example.com,https://editor.example.org'
    deepEqual(weakenings(readDeployment({ ...good, ALARM_EMAIL: 'a@example.com', CORS_ALLOWED_ORIGINS })), [
      'DOMAIN_CERTIFICATE_ARN is missing: something else has to serve the host of PUBLIC_URL.',
      'CORS_ALLOWED_ORIGINS entry 2 is not of the same site as PUBLIC_URL: browsers send no session cookie from there.',
    ])
    const [unset] = weakenings(readDeployment({ ...good, PUBLIC_URL: '', CORS_ALLOWED_ORIGINS }))
    match(unset ?? '', /entry 1 is not of the same site as the address of the API, as PUBLIC_URL is not set:/)
  })
})

/** So many origins, of 45 bytes each. */
const origins = (count: number): string =>
  Array.from(
    { length: count },
    (_, n) => `https://editor-${String(n).padStart(3, '0')}.newsroom-one.example.com`,
  ).join()

describe('the 4,096 bytes that Lambda allows for the variables of a function', () => {
  it('are kept to, in settings that any reference of the stack can be added to', () => {
    const [problem = '', ...others] = problemsOf({ ...good, CORS_ALLOWED_ORIGINS: origins(90) })
    deepEqual(others, [])
    match(
      problem,
      /^CORS_ALLOWED_ORIGINS is too long: it takes \d{4} of the 4096 bytes .* and \d+ have to go\. Take out/,
    )
    deepEqual(problemsOf({ ...good, CORS_ALLOWED_ORIGINS: origins(60) }), [])
  })

  it('are counted as Lambda counts: names, values, and what JSON puts around them', () => {
    equal(environmentSize({ A: 'x', B: 'é"' }), '{"A":"x","B":"xx\\""}'.length)
  })
})

describe('the doctor', () => {
  it('says of each setting whether it was given, and never what it says', () => {
    const { good: sound, lines } = verdict({ ...good, ALARM_EMAIL: 'canary@example.com' })
    equal(sound, true)
    match(lines.join('\n'), /IMAS_URL +given\n.*GRACE_PERIOD +default\n.*ALARM_EMAIL +given/s)
    ok(!lines.join().includes('example.com'))
  })
})

describe('the doctor of return URLs', () => {
  const settings = { ...good, ALLOWED_CALLBACK_ORIGINS: 'https://editor.example.org:8443' }
  const domains = ['app.example.net']
  each('judge a return URL as the gateway does, and say by which rule', [
    ['/after?x=1', true, ['accepted: a path on PUBLIC_URL', 'sent as https://gateway.example.com/after?x=1']],
    [
      'https://gateway.example.com',
      true,
      ['accepted: PUBLIC_URL itself', 'sent as https://gateway.example.com/'],
    ],
    ['https://example.net/', false, ['refused: neither a path nor an allowed origin, spelled exactly']],
  ])(([url, accepted, words]) => deepEqual(judge(url, domains, settings), { good: accepted, lines: words }))

  it('says which domains would not count, and that PUBLIC_URL is not known', () => {
    const { PUBLIC_URL: _, ...least } = good
    const { good: accepted, lines } = judge(
      'https://a.b.co.uk/',
      ['co.uk', '*.b.co.uk', 'https://b.co.uk'],
      least,
    )
    equal(accepted, false)
    deepEqual(
      lines.slice(1).map((line) => line.split(' ')[1]),
      ['co.uk', '*.b.co.uk', 'https://b.co.uk', 'PUBLIC_URL'],
    )
  })

  it('judges nothing under settings that do not hold together', () => {
    const { good: accepted, lines } = judge('/', [], {})
    equal(accepted, false)
    match(lines[0] ?? '', /IMAS_URL is missing/)
  })

  it('is asked by `npm run doctor -- <url> --domains <list>`, and tells by its status', () => {
    const doctor = (...args: string[]) =>
      spawnSync(process.execPath, ['infra/doctor.ts', ...args], { cwd: root, env: real, encoding: 'utf8' })
    const yes = doctor('https://app.example.net/', '--domains', 'app.example.net,example.org')
    deepEqual(
      [yes.status, yes.stdout.split('\n')[0]],
      [0, 'accepted: under a return domain of the organisation'],
    )
    equal(doctor('https://app.example.net/').status, 1)
    equal(doctor().status, 0)
    match(doctor('--domain', 'x').stdout, /^npm run doctor -- /)
  })
})
