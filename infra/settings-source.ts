import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { settings } from '../lib/config.ts'
import { isLoopback } from '../lib/setting-values.ts'
import { deploymentSettings, type Texts } from './settings.ts'
import { closestName } from './spelling.ts'

/** Reads settings from one named file, or from the environment and the context of cdk.json. */

/** Settings by name, with the problems and warnings of reading them. */
export type Source<T = Texts> = Readonly<{
  texts: T
  problems: readonly string[]
  warnings: readonly string[]
}>

/** Every name that synth, doctor and deploy read. */
export const settingNames: readonly string[] = Object.keys({ ...settings, ...deploymentSettings })

/** The example settings, which cannot be deployed. */
export const exampleFile = join(import.meta.dirname, 'example.env')

/** Resolves a path from the directory where npm was called, which npm keeps in INIT_CWD. */
export const pathOf = (file: string, { INIT_CWD }: NodeJS.ProcessEnv = process.env): string =>
  resolve(INIT_CWD ?? '.', file)

const unknownName = (name: string, known: readonly string[], where: string): string => {
  const meant = closestName(name, known)
  return `${name} in ${where} is not a setting${meant ? `: ${meant} is` : ''}.`
}

/** Mistakes that `parseEnv` ignores: lines that are not a setting, and repeated names. */
const oversights = (text: string, found: Texts): string[] => {
  const problems: string[] = []
  const seen = new Set<string>()
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue
    const [, name] = /^\s*(?:export\s+)?([\w.-]+)\s*=/.exec(line) ?? []
    const where = `Line ${index + 1} of the settings file`
    if (name === undefined) problems.push(`${where} is not NAME=value.`)
    else if (!(name in found))
      problems.push(`${where} is not read: a quotation mark above it is never closed.`)
    else if (seen.has(name)) problems.push(`${where} gives ${name} again.`)
    if (name !== undefined) seen.add(name)
  }
  return problems
}

/** Reads the settings of a file, which is not run as a script. `known`: the names that may be in it. */
export const settingsFile = (
  file: string,
  known: readonly string[] = settingNames,
): Source<NodeJS.Dict<string>> => {
  let text: string
  try {
    text = readFileSync(pathOf(file), 'utf8').replace(/^\ufeff/, '')
  } catch {
    return { texts: {}, problems: [`The settings file ${file} cannot be read.`], warnings: [] }
  }
  const texts = parseEnv(text)
  const unknown = Object.keys(texts).filter((name) => !known.includes(name))
  const problems = unknown.map((name) => unknownName(name, known, 'the settings file'))
  return { texts, problems: [...oversights(text, texts), ...problems], warnings: [] }
}

/** Warnings about environment variables that look like misspelt settings. Short names are ignored. */
export const nearMisses = (environment: Texts, known: readonly string[] = settingNames): string[] =>
  Object.keys(environment)
    .filter((name) => name.length >= 8 && !known.includes(name) && closestName(name, known))
    .map((name) => unknownName(name, known, 'the environment'))

/** Problems of context names that look like settings. CDK's own names have another form. */
const strangers = (context: Texts): string[] =>
  Object.keys(context)
    .filter((name) => !settingNames.includes(name))
    .filter((name) => /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(name) || closestName(name, settingNames))
    .map((name) => unknownName(name, settingNames, 'the context of cdk.json'))

const hasText = ([, value]: [string, unknown]): boolean => value !== undefined && String(value).trim() !== ''

const hostOf = (text: unknown): string => {
  const url = String(text ?? '').trim()
  return URL.canParse(url) ? new URL(url).hostname : ''
}

/** RFC 2606, section 3. */
const reserved = /(^|[/.@])example\.(com|net|org)(?![\w.-])/

/** Problems of values that only work on this machine or in an example. */
const undeployable = (texts: Texts): string[] => {
  if (isLoopback(hostOf(texts.PUBLIC_URL))) return []
  const example: Texts = parseEnv(readFileSync(exampleFile, 'utf8'))
  const problems: string[] = []
  for (const name of settingNames) {
    const text = String(texts[name] ?? '').trim()
    if (text === '') continue
    if (text === example[name] || text.split(',').some((part) => reserved.test(part.trim())))
      problems.push(`${name} still has the value of an example.`)
  }
  for (const name of ['IMAS_URL', 'ADMIN_API_URL', 'ACCESS_TOKEN_URL', 'ERRORS_URL'])
    if (isLoopback(hostOf(texts[name])))
      problems.push(`${name} is this machine, which a deployment cannot reach.`)
  return problems
}

/** The settings of a deployment. With a file, environment and context are ignored. */
export const settingsFrom = (file: string | undefined, environment: Texts, context: Texts): Source => {
  const read = file === undefined ? undefined : settingsFile(file)
  const outside: Texts = Object.fromEntries(
    Object.entries({ ...context, ...Object.fromEntries(Object.entries(environment).filter(hasText)) }).filter(
      ([name]) => settingNames.includes(name),
    ),
  )
  const texts = read?.texts ?? outside
  const ignored = read === undefined ? [] : Object.entries(outside).filter(hasText)
  const isExample = file !== undefined && pathOf(file) === exampleFile
  const isLocal = environment.LOCAL_STACK === 'true'
  return {
    texts,
    problems: [
      ...(read?.problems ?? []),
      ...strangers(context),
      ...(isExample || isLocal ? [] : undeployable(texts)),
    ],
    warnings: [
      ...nearMisses(environment),
      ...ignored.map(([name]) => `${name} outside the settings file is ignored.`),
    ],
  }
}
