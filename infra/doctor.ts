import { parseArgs } from 'node:util'
import cdk from '../cdk.json' with { type: 'json' }
import { ConfigError, settings } from '../lib/config.ts'
import { judgeReturnUrl } from '../lib/redirect/return-url.ts'
import { returnDomains } from '../lib/refresh/fetch-organisations.ts'
import { isPublicSuffix } from '../lib/refresh/public-suffix.ts'
import {
  advice,
  deploymentSettings,
  givenSettings,
  readDeployment,
  type Texts,
  weakenings,
  withProblems,
} from './settings.ts'
import { type Source, settingsFrom } from './settings-source.ts'
import { announce, coloured } from './terminal.ts'

type Verdict = Readonly<{ good: boolean; lines: readonly string[] }>

const inventory = (given: Readonly<Record<string, unknown>>): string[] =>
  Object.entries<object>({ ...settings, ...deploymentSettings }).map(([name, row]) => {
    const otherwise = 'default' in row && row.default ? 'default' : 'not set'
    return `  ${name.padEnd(34)}${given[name] ? 'given' : otherwise}`
  })

/** A script on the same host can read the URL of an error that API Gateway itself answers. */
const ownHost = '- Serve nothing but the gateway on the host of PUBLIC_URL: SECURITY.md explains why.'

/** Settings without problems or warnings of their source. */
const plain = (texts: Texts): Source => ({ texts, problems: [], warnings: [] })

/** Every problem of settings, or which of them are given. Never a value. */
export const verdict = (texts: Texts, source: Source = plain(texts)): Verdict => {
  const list = inventory(givenSettings(texts))
  const warned = source.warnings.map((text) => `! ${text}`)
  try {
    const deployment = withProblems(source.problems, () => readDeployment(texts))
    const weak = weakenings(deployment).map((text) => `! ${text}`)
    return { good: true, lines: ['The settings are valid.', ...warned, ...weak, ownHost, ...list] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { good: false, lines: [error.message, ...warned, advice, ...list] }
  }
}

/**
 * Which rule accepts or refuses a return URL. `listed`: the return domains of the organisation, which are not
 * part of the settings.
 */
export const judge = (
  url: string,
  listed: readonly string[],
  texts: Texts,
  source: Source = plain(texts),
): Verdict => {
  const settled = verdict(texts, source)
  if (!settled.good) return settled
  const { config, given } = readDeployment(texts)
  const domains = returnDomains(listed, isPublicSuffix)
  const strays = listed.filter((domain) => !domains.includes(domain.toLowerCase()))
  const found = judgeReturnUrl(url, { publicUrl: config.publicUrl, origins: config.callbackOrigins, domains })
  const good = 'url' in found
  return {
    good,
    lines: [
      ...(good ? [`accepted: ${found.rule}`, `sent as ${found.url}`] : [`refused: ${found.refused}`]),
      ...(good || listed.length > 0
        ? []
        : [
            '! The return domains of the organisation are not known here: add --domains example.com,example.org.',
          ]),
      ...strays.map((domain) => `! ${domain} is not a return domain: a bare domain, not a public suffix.`),
      ...(given.PUBLIC_URL
        ? []
        : ['! PUBLIC_URL is not set: a placeholder is used for the address of the API.']),
    ],
  }
}

/**
 * Checks the providers of the organisations file. A dynamic import, because the gateway never imports
 * `identity/`.
 */
const judgeProviders = async (source: Source): Promise<Verdict> => {
  const settled = verdict(source.texts, source)
  const { ORGANISATIONS: file } = givenSettings(source.texts)
  if (file === undefined) return { good: false, lines: ['ORGANISATIONS is not set: it names the file.'] }
  if (!settled.good) return settled
  announce('asking every provider')
  const address = new URL('../identity/doctor.ts', import.meta.url).href
  const { providersVerdict } = await import(address)
  return providersVerdict(file)
}

const usage =
  'npm run doctor -- [--settings <file>] [--providers | <return URL> [--domains <domain>,<domain>]]'
const options = {
  domains: { type: 'string', default: '' },
  providers: { type: 'boolean', default: false },
  settings: { type: 'string' },
} as const

const wordsOf = (args: string[]) => {
  try {
    const { positionals, values } = parseArgs({ args, options, allowPositionals: true })
    const domains = values.domains.split(',').filter((domain) => domain !== '')
    const { providers, settings: file } = values
    return positionals.length > 1 ? undefined : { url: positionals[0], domains, providers, file }
  } catch {
    return undefined
  }
}

const asked = async (args: string[], environment: Texts, context: Texts): Promise<Verdict> => {
  const words = wordsOf(args)
  if (words === undefined) return { good: false, lines: [usage] }
  const source = settingsFrom(words.file, environment, context)
  if (words.providers) return judgeProviders(source)
  return words.url === undefined
    ? verdict(source.texts, source)
    : judge(words.url, words.domains, source.texts, source)
}

if (import.meta.main) {
  const { good, lines } = await asked(process.argv.slice(2), process.env, cdk.context)
  console.log(lines.map((line) => (line.startsWith('!') ? coloured('yellow', line) : line)).join('\n'))
  process.exitCode = good ? 0 : 1
}
