import { ConfigError } from './errors.ts'

/** The requirements for a person. All given parts must hold. */
export type Rule = Readonly<{
  /** The organisation, or `*` for any. */
  org: string
  unit?: string | undefined
  /** `service:permission`. With `unit`, it holds if the organisation or that unit grants it. */
  permission?: string | undefined
  sub?: string | undefined
  /** `false`: without a session, the request is let in without a person instead of refused. */
  required?: boolean | undefined
}>

const names = ['org', 'unit', 'permission', 'sub']
const known = new WeakMap<object, string>()

/** The rule as a query. Throws `ConfigError` for an unknown or empty member. */
export const queryOf = (rule: object): string => {
  const before = known.get(rule)
  if (before !== undefined) return before
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(rule)) {
    if (name === 'required' ? typeof value === 'boolean' : value === undefined) continue
    if (!names.includes(name)) throw new ConfigError(`rule: "${name}" is unknown`)
    if (typeof value !== 'string' || value === '') throw new ConfigError(`rule: "${name}" has to be a text`)
    query.set(name, value)
  }
  if (!query.has('org')) throw new ConfigError('rule: "org" is missing; "*" is any organisation')
  const text = query.toString().replaceAll('+', '%20')
  known.set(rule, text)
  return text
}

/** Throws `ConfigError` when an object is not a rule. */
export function assertRule(rule: object): asserts rule is Rule {
  queryOf(rule)
}
