import { equal, ok } from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { ConfigError, readConfig, type SettingName, settings } from '../../lib/config.ts'

const names = Object.keys(settings) as SettingName[]
const canary = 'canary7Q'
const pieces = [
  'https:// http:// gw.example.test localhost 127.0.0.1 : / * , @ ? # {org} /v1/ true false on off unchecked',
  '__Host- sid example.test co.uk 3600 1e9 -1 info __proto__ [::1] % %2e \0 \n \ud800 \u3002 \\',
].flatMap((line) => line.split(' '))
const piece = fc.oneof(
  fc.constantFrom(...pieces, canary, ' ', ''),
  fc.string({ unit: 'binary', maxLength: 4 }),
)
const value = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(''))
/** Values that are valid alone, so that contradictions between settings are reached too. */
const good: Readonly<Record<string, readonly string[]>> = {
  PUBLIC_URL: ['https://gw.example.test', 'http://localhost:3000'],
  IMAS_URL: ['https://imas.example.test'],
  COOKIE_NAME: ['sid', '__Host-sid', '__host-sid'],
  COOKIE_DOMAIN: ['example.test', 'co.uk', 'other.test'],
  TOKEN_ISSUER: ['unchecked', canary],
  TOKEN_AUDIENCE: ['unchecked', canary],
}
const anyValue = (name: SettingName) =>
  fc.oneof(
    { weight: 40, arbitrary: fc.constantFrom(...(good[name] ?? [undefined])) },
    fc.constant(undefined),
    value,
  )
const environment = fc.record(Object.fromEntries(names.map((name) => [name, anyValue(name)])))

const checkConfig = (config: ReturnType<typeof readConfig>): void => {
  const { publicUrl, imasUrl, cookieName, cookieDomain, callbackOrigins, corsOrigins } = config
  for (const origin of [publicUrl, ...callbackOrigins, ...corsOrigins]) equal(new URL(origin).origin, origin)
  ok(/^[!-~]+$/.test(imasUrl) && !imasUrl.endsWith('/'))
  ok(Number.isSafeInteger(config.gracePeriod) && Number.isSafeInteger(config.maxTokenAge))
  if (cookieDomain === undefined) return
  ok(!cookieName.toLowerCase().startsWith('__host-'))
  ok(`.${new URL(publicUrl).hostname}`.endsWith(`.${cookieDomain}`))
}

it('Any settings give a valid configuration or a ConfigError that names them without their values', () => {
  let read = 0
  const property = fc.property(environment, (env) => {
    try {
      checkConfig(readConfig(env))
      read++
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      ok(!`${error.message}${error.stack}${JSON.stringify(error)}`.includes(canary))
      for (const problem of error.problems) ok(names.some((name) => problem.startsWith(`${name} `)))
      ok(error.problems.length > 0)
    }
  })
  fc.assert(property, { numRuns: 3000 })
  ok(read > 20, `only ${read} could be read`)
})
