import { ConfigError, Unauthorized } from './errors.ts'

/** A signed-in person, identified by `org` and `sub`. `name` and `email` are only for display. */
export type Person = Readonly<{
  sub: string
  org: string
  name: string
  email: string
  /** The preferred unit, if the person holds it. */
  unit: string | undefined
  units: readonly string[]
  /**
   * Whether they have a permission in the organisation or in a unit: by default the unit of the rule. With a
   * unit in the rule, only its permissions are known, so another unit throws `ConfigError`.
   */
  has(permission: string, unit?: string): boolean
}>

const names = ['sub', 'org', 'unit', 'units', 'permissions', 'name', 'email'] as const

/** The headers about a person, still encoded. `rule`: the unit in the rule. */
export type Texts = Readonly<Partial<Record<(typeof names)[number] | 'rule', string>>>

const textsByPerson = new WeakMap<Person, Texts>()

/** The texts that a person was made from, to make the same person elsewhere. */
export const textsOf = (person: Person): Texts => textsByPerson.get(person) ?? {}

const items = (text = ''): string[] => (text === '' ? [] : text.split(','))

/** The person in these texts, or undefined when they name none. */
export const personFrom = (texts: Texts): Person | undefined => {
  if (!texts.sub || !texts.org) return undefined
  const text = (name: (typeof names)[number]): string => decodeURIComponent(texts[name] ?? '')
  const permissions = new Set(items(texts.permissions))
  const ruleUnit = texts.rule === undefined ? undefined : decodeURIComponent(texts.rule)
  const person = Object.freeze({
    sub: text('sub'),
    org: text('org'),
    name: text('name'),
    email: text('email'),
    unit: text('unit') || undefined,
    units: Object.freeze(items(texts.units).map(decodeURIComponent)),
    has: (permission: string, unit: string | undefined = ruleUnit) => {
      if (ruleUnit !== undefined && unit !== ruleUnit)
        throw new ConfigError(
          `has: the rule is about the unit "${ruleUnit}", so nothing is known about "${unit}"`,
        )
      const name = encodeURIComponent(permission)
      if (permissions.has(name)) return true
      return unit !== undefined && permissions.has(`${encodeURIComponent(unit)}/${name}`)
    },
  })
  textsByPerson.set(person, texts)
  return person
}

/** The texts among the members of a value that came through another system. */
export const textsIn = (value: unknown): Texts =>
  Object.fromEntries(
    [...names, 'rule'].flatMap((name) => {
      const text: unknown = Object(value)[name]
      return typeof text === 'string' ? [[name, text]] : []
    }),
  )

/** Whether a value is a person, for credentials that another framework kept. */
export const isPerson = (value: unknown): value is Person => {
  const { sub, org } = Object(value)
  return typeof sub === 'string' && typeof org === 'string'
}

/** The person in the headers of a response of the gateway. */
export const personInHeaders = (
  header: (name: string) => string | null,
  ruleUnit: string | undefined,
): Person | undefined => {
  const texts = Object.fromEntries(names.map((name) => [name, header(`x-imid-${name}`) ?? '']))
  return personFrom({ ...texts, ...(ruleUnit !== undefined && { rule: encodeURIComponent(ruleUnit) }) })
}

/** The person. Throws `Unauthorized` for undefined. */
export const signedIn = (person: Person | undefined): Person => {
  if (person === undefined) throw new Unauthorized()
  return person
}
