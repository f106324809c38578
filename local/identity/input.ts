/** Thrown for invalid input. The message is for the sender. */
export class BadInput extends Error {}

/** Throws `BadInput`. */
export const bad = (why: string): never => {
  throw new BadInput(why)
}

/** A JSON object. */
export type Members = Readonly<Record<string, unknown>>
type Parse<T> = (value: unknown, name: string) => T

/** A text that is not empty. */
export const text: Parse<string> = (value, name) =>
  typeof value === 'string' && value !== '' ? value : bad(`"${name}" has to be a text that is not empty`)

/** `true` or `false`, without conversion. */
export const flag: Parse<boolean> = (value, name) =>
  typeof value === 'boolean' ? value : bad(`"${name}" has to be true or false`)

/** A whole number from 0. */
export const whole: Parse<number> = (value, name) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : bad(`"${name}" has to be a whole number, 0 or more`)

/** A list of texts, which may be empty. */
export const texts: Parse<string[]> = (value, name) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? value
    : bad(`"${name}" has to be a list of texts`)

/** A JSON object whose members are not parsed yet. */
export const members: Parse<Members> = (value, name) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Members)
    : bad(`"${name}" has to be a JSON object`)

/** One of these words. The error lists them. */
export const oneOf =
  <const T extends string>(words: readonly T[]): Parse<T> =>
  (value, name) =>
    words.find((word) => word === value) ?? bad(`"${name}" has to be one of ${words.join(', ')}`)

/** The same parser, for a value that may be missing. */
export const optional =
  <T>(parse: Parse<T>): Parse<T | undefined> =>
  (value, name) =>
    value === undefined ? undefined : parse(value, name)

/** The same parser, for a value that may be null. */
export const nullable =
  <T>(parse: Parse<T>): Parse<T | null> =>
  (value, name) =>
    value === null ? null : parse(value, name)

/** An own member of a table. Names come from outside and must not find inherited members. */
export const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined

/** Parses a member of an input. The error has its name. */
export const member = <T>(input: Members, name: string, parse: Parse<T>): T => parse(own(input, name), name)

/** Throws for unknown members, which may be misspelt. */
export const only = (input: Members, ...names: readonly string[]): Members => {
  const unknown = Object.keys(input).find((name) => !names.includes(name))
  return unknown === undefined ? input : bad(`"${unknown}" is not known here; known: ${names.join(', ')}`)
}

/** Parses a body that must be a JSON object. */
export const jsonBody = (body: string): Members => {
  try {
    return members(JSON.parse(body), 'body')
  } catch (error) {
    if (error instanceof SyntaxError) return bad('the body has to be JSON')
    throw error
  }
}
