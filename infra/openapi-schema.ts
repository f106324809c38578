/** Building blocks of the OpenAPI document. */

/** A part of the document. */
export type Json = Readonly<Record<string, unknown>>
/** Schemas of a body by media type. */
export type Media = Readonly<Record<string, { schema: Json }>>
/** The response with one status. */
export type Answer = Readonly<{ description: string; headers?: Json; content?: Media }>

/** A reference to a named component of the document. */
export const ref = (kind: string, name: string): Json => ({ $ref: `#/components/${kind}/${name}` })
/** The schema of exactly this text. */
export const text = (value: string): Json => ({ type: 'string', enum: [value] })

/** The schema of an object with these members, all required unless named in `optional`. */
export const object = (
  properties: Readonly<Record<string, Json>>,
  optional: readonly string[] = [],
): Json => ({
  type: 'object',
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
})

/** A body of JSON. */
export const json = (schema: Json): Media => ({ 'application/json': { schema } })
/** The header of an answer that sets or clears cookies. */
export const cookieHeader = { 'Set-Cookie': ref('headers', 'Set-Cookie') }

/** A request header that may be missing. */
export const requestHeader = (name: string, description: string): Json => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
})
