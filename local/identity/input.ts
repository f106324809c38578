/** What was sent cannot be used; the message says why, for whoever wrote it. */
export class BadInput extends Error {}

/** Refuses an input. */
export const bad = (why: string): never => {
  throw new BadInput(why)
}

/** An object as JSON holds it. */
export type Members = Readonly<Record<string, unknown>>
type Parse<T> = (value: unknown, name: string) => T

/** A text that says something. */
export const text: Parse<string> = (value, name) =>
  typeof value === 'string' && value !== '' ? value : bad(`"${name}" has to be a text that is not empty`)

/** A text, the empty one too. */
export const anyText: Parse<string> = (value, name) =>
  typeof value === 'string' ? value : bad(`"${name}" has to be a text`)

/** True or false, and nothing that merely looks like it. */
export const flag: Parse<boolean> = (value, name) =>
  typeof value === 'boolean' ? value : bad(`"${name}" has to be true or false`)

/** A whole number that counts something: seconds, milliseconds. */
export const whole: Parse<number> = (value, name) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : bad(`"${name}" has to be a whole number, 0 or more`)

/** A list of texts, the empty one too. */
export const texts: Parse<string[]> = (value, name) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? value
    : bad(`"${name}" has to be a list of texts`)

/** A JSON object, whose members are still to be parsed. */
export const members: Parse<Members> = (value, name) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Members)
    : bad(`"${name}" has to be a JSON object`)

/** One of a few words; the refusal lists them. */
export const oneOf =
  <const T extends string>(words: readonly T[]): Parse<T> =>
  (value, name) =>
    words.find((word) => word === value) ?? bad(`"${name}" has to be one of ${words.join(', ')}`)

/** The same, or nothing at all. */
export const optional =
  <T>(parse: Parse<T>): Parse<T | undefined> =>
  (value, name) =>
    value === undefined ? undefined : parse(value, name)

/** The same, or null. */
export const nullable =
  <T>(parse: Parse<T>): Parse<T | null> =>
  (value, name) =>
    value === null ? null : parse(value, name)

/** A table's own row: a name from outside must not find what every object inherits. */
export const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined

/** One member of an input, parsed; its name stands in the refusal. */
export const member = <T>(input: Members, name: string, parse: Parse<T>): T => parse(own(input, name), name)

/** Refuses members that nobody reads: a misspelt one would otherwise do nothing, quietly. */
export const only = (input: Members, ...names: readonly string[]): Members => {
  const unknown = Object.keys(input).find((name) => !names.includes(name))
  return unknown === undefined ? input : bad(`"${unknown}" is not known here; known: ${names.join(', ')}`)
}

/** A body that has to be a JSON object. */
export const jsonBody = (body: string): Members => {
  try {
    return members(JSON.parse(body), 'body')
  } catch (error) {
    if (error instanceof SyntaxError) return bad('the body has to be JSON')
    throw error
  }
}
