import { ConfigError } from './errors.ts'

/** What is asked of a person. All that is given has to hold. */
export type Rule = Readonly<{
  /** The organisation, or `*` for any. */
  org: string
  unit?: string | undefined
  /** `service:permission`; with `unit` it holds when the organisation or that unit grants it. */
  permission?: string | undefined
  sub?: string | undefined
  /** `false`: nobody is let in as nobody, rather than refused. */
  required?: boolean | undefined
}>

const names = ['org', 'unit', 'permission', 'sub']
const known = new WeakMap<Rule, string>()

/**
 * The rule as a query. A member that is unknown or empty throws `ConfigError`: a misspelt rule is never no
 * rule.
 */
export const queryOf = (rule: Rule): string => {
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
