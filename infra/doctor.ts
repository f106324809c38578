import cdk from '../cdk.json' with { type: 'json' }
import { ConfigError, type SettingName, settings } from '../lib/config.ts'
import {
  advice,
  deploymentSettings,
  givenSettings,
  readDeployment,
  type Texts,
  weakenings,
} from './settings.ts'

type Verdict = Readonly<{ good: boolean; lines: readonly string[] }>

const inventory = (given: Readonly<Record<string, unknown>>): string[] =>
  Object.keys({ ...settings, ...deploymentSettings }).map((name) => {
    const standard = settings[name as SettingName]?.standard
    return `  ${name.padEnd(34)}${given[name] ? 'given' : standard ? 'standard' : 'not set'}`
  })

/** What can be said of settings before they are deployed: every problem, or what is in force. No values. */
export const verdict = (...sources: Texts[]): Verdict => {
  const list = inventory(givenSettings(...sources))
  try {
    const weak = weakenings(readDeployment(...sources)).map((text) => `! ${text}`)
    return { good: true, lines: ['The settings hold together.', ...weak, ...list] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { good: false, lines: [error.message, advice, ...list] }
  }
}

if (import.meta.main) {
  const { good, lines } = verdict(process.env, cdk.context)
  console.log(lines.join('\n'))
  process.exitCode = good ? 0 : 1
}
