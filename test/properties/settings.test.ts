import { equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ConfigError, readConfig, type SettingName, settings } from '../../lib/config.ts'

const names = Object.keys(settings) as SettingName[]
const canary = 'canary7Q'
const pieces = [
  'https:// http:// gw.example.test localhost 127.0.0.1 : / * , @ ? # {org} /v1/ true false on off unchecked',
  '__Host- sid example.test co.uk 3600 1e9 -1 info __proto__ [::1] % %2e',
].flatMap((line) => line.split(' '))
const piece = fc.oneof(
  fc.constantFrom(...pieces),
  fc.constantFrom(canary, '\0', '\n', '\ud800', '\u3002', '\\', ' ', ''),
  fc.string({ unit: 'binary', maxLength: 4 }),
)
const value = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(''))
/** Good by itself, so that settings are also judged together. */
const good: Readonly<Record<string, readonly string[]>> = {
  PUBLIC_URL: ['https://gw.example.test', 'http://localhost:3000'],
  IMAS_URL: ['https://imas.example.test'],
  ADMIN_API_URL: ['https://admin.example.test'],
  ACCESS_TOKEN_URL: ['https://token.example.test'],
  COOKIE_NAME: ['sid', '__Host-sid', '__host-sid'],
  COOKIE_DOMAIN: ['example.test', 'co.uk', 'other.test'],
  TOKEN_ISSUER: ['unchecked', canary],
  TOKEN_AUDIENCE: ['unchecked', canary],
}
const environment = fc
  .tuple(
    ...names.map((name) =>
      fc.oneof(
        { weight: 40, arbitrary: fc.constantFrom(...(good[name] ?? [undefined])) },
        fc.constant(undefined),
        value,
      ),
    ),
  )
  .map((values) => Object.fromEntries(names.map((name, index) => [name, values[index]])))

describe('any settings', () => {
  it('make a configuration, or one error that names settings and quotes no value', () => {
    let read = 0
    fc.assert(
      fc.property(environment, (env) => {
        try {
          const config = readConfig(env)
          read++
          equal(new URL(config.publicUrl).origin, config.publicUrl)
          equal(config.loopback, config.publicUrl.startsWith('http:'))
          ok(/^[!-~]+$/.test(config.imasUrl) && !config.imasUrl.endsWith('/'))
          for (const origin of [...config.callbackOrigins, ...config.corsOrigins])
            equal(new URL(origin).origin, origin)
          ok(Number.isSafeInteger(config.gracePeriod) && Number.isSafeInteger(config.maxTokenAge))
          if (config.cookieDomain !== undefined) {
            ok(!config.cookieName.toLowerCase().startsWith('__host-'))
            ok(`.${new URL(config.publicUrl).hostname}`.endsWith(`.${config.cookieDomain}`))
          }
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error
          ok(error.problems.length > 0)
          ok(!`${error.message}${error.stack}${JSON.stringify(error)}`.includes(canary))
          for (const problem of error.problems)
            ok(
              names.some((name) => problem.startsWith(`${name} `)),
              problem,
            )
        }
      }),
      { numRuns: 3000 },
    )
    ok(read > 20, `only ${read} could be read`)
  })
})
