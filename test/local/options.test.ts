import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { argumentsFrom, credentialsFrom, environmentFrom, optionsFrom } from '../../local/options.ts'
import { takePort } from '../../local/platform.ts'
import { startWithProvider } from '../../local/provider.ts'
import { readable } from '../../local/readable.ts'
import { each } from '../support/each.ts'

const folder = mkdtempSync(join(tmpdir(), 'imsg-options-'))
after(() => rmSync(folder, { recursive: true }))
const settingsFile = (text: string): string => {
  const file = join(folder, 'my.env')
  writeFileSync(file, text)
  return file
}

each('npm start refuses invalid arguments and variables in one line', [
  [
    () => argumentsFrom(['--nonsense']),
    'npm start does not understand --nonsense. It takes --provider, --https and --settings <file>.',
  ],
  [() => optionsFrom({ PORT: 'http' }), 'PORT has to be a whole number between 0 and 65535.'],
  [
    () => credentialsFrom({ ACCESS_TOKEN_URL: 'https://token.example' }),
    'CLIENT_ID and CLIENT_SECRET are missing: ACCESS_TOKEN_URL needs them.',
  ],
  [
    () => environmentFrom({}, settingsFile('COOKIE_DOMIAN=x\n')),
    'COOKIE_DOMIAN in the settings file is not a setting: COOKIE_DOMAIN is.',
  ],
])(([read, message]) => throws(read, { message }))

it('npm start -- --provider refuses a free port for the gateway', () =>
  rejects(startWithProvider({ port: 0 }, 0), {
    message: 'PORT 0 does not go with --provider, which is told the port first.',
  }))

each('npm start names the variable for another port when a port cannot be used', [
  ['EADDRINUSE', 'Port 80 is taken. Set IDP_PORT to another one, or stop what listens there.'],
  ['EACCES', 'Port 80 needs rights that this process does not have. Set IDP_PORT to one above 1023.'],
  ['EMFILE', 'listen'],
])(async ([code, message]) => {
  const refused = () => Promise.reject(Object.assign(new Error('listen'), { code }))
  await rejects(takePort(refused, 80, 'IDP_PORT'), { message })
})

it('npm start --settings reads settings only from the file, and warns of misspelt names', () => {
  const environment = { PORT: '0', GRACE_PERIOD: 'soon', COOKIE_DOMIAN: 'x', PATH: '/bin' }
  const { env, warnings } = environmentFrom(
    environment,
    settingsFile('COOKIE_DOMAIN=a.test\nIDP_PORT=4001\n'),
  )
  deepEqual(env, { COOKIE_DOMAIN: 'a.test', IDP_PORT: '4001', PORT: '0' })
  deepEqual(warnings, ['COOKIE_DOMIAN in the environment is not a setting: COOKIE_DOMAIN is.'])
  equal(environmentFrom(environment, undefined).env, environment)
})

const line = (fields: object) =>
  JSON.stringify({ level: 'info', time: '2026-11-24T05:18:15.123Z', ms: 1, ...fields })

each('npm start shortens log lines, colours failures, and leaves out good polls', [
  [
    line({ route: 'login', status: 302, code: 'ok', org: 'demo', _aws: {} }),
    '05:18:15  login          302  ok  1 ms  demo',
  ],
  [
    line({ level: 'error', route: 'refresh-state', code: 'failed', reason: 'key set: status 500' }),
    '05:18:15  refresh-state  red failed  1 ms  key set: status 500',
  ],
  [
    line({ route: 'login', status: 302, code: 'ok', binding: 'off' }),
    '05:18:15  login          302  ok  1 ms  binding off',
  ],
  [line({ route: 'token-is-set', status: 200, code: 'ok' }), undefined],
  [
    line({ level: 'warn', route: 'token-is-set', status: 401, code: 'token_missing' }),
    '05:18:15  token-is-set   401  yellow token_missing  1 ms',
  ],
  [line({ route: 'refresh-state', code: 'unchanged' }), undefined],
  ['{"function":"health"}', '{"function":"health"}'],
  ['synthesising the stack ...', 'synthesising the stack ...'],
  ['null', 'null'],
])(([given, shown]) =>
  equal(
    readable(given, (colour, text) => `${colour} ${text}`),
    shown,
  ),
)
