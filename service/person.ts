import { ConfigError, Unauthorized } from './errors.ts'

/**
 * Who is in front of the service. `org` and `sub` together are a person; names and addresses are for showing.
 */
export type Person = Readonly<{
  sub: string
  org: string
  name: string
  email: string
  /** The preferred unit, while it is held. */
  unit: string | undefined
  units: readonly string[]
  /**
   * Whether they may do this: in the organisation, or in a unit (of the rule, when none is named). A rule
   * with a unit brings the permissions of that unit alone, so asking for another throws `ConfigError`.
   */
  has(permission: string, unit?: string): boolean
}>

const names = ['sub', 'org', 'unit', 'units', 'permissions', 'name', 'email'] as const

/** What the gateway says of a person, as it stands in its headers; `rule`: the unit that the rule named. */
export type Texts = Readonly<Partial<Record<(typeof names)[number] | 'rule', string>>>

const textsByPerson = new WeakMap<Person, Texts>()

/** The texts that a person was made of, to make them again elsewhere. */
export const textsOf = (person: Person): Texts => textsByPerson.get(person) ?? {}

const items = (text = ''): string[] => (text === '' ? [] : text.split(','))

/** A person, or nothing when the texts name none. */
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
        throw new ConfigError(`has: the rule is about the unit "${ruleUnit}" and says nothing of "${unit}"`)
      const name = encodeURIComponent(permission)
      if (permissions.has(name)) return true
      return unit !== undefined && permissions.has(`${encodeURIComponent(unit)}/${name}`)
    },
  })
  textsByPerson.set(person, texts)
  return person
}

/** The same from the headers of an answer of the gateway. */
export const personInHeaders = (
  header: (name: string) => string | null,
  ruleUnit: string | undefined,
): Person | undefined => {
  const texts = Object.fromEntries(names.map((name) => [name, header(`x-imid-${name}`) ?? '']))
  return personFrom({ ...texts, ...(ruleUnit !== undefined && { rule: encodeURIComponent(ruleUnit) }) })
}

/** Throws `Unauthorized` for nobody. */
export const signedIn = (person: Person | undefined): Person => {
  if (person === undefined) throw new Unauthorized()
  return person
}
