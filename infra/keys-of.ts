/** The keys of a table with their types. Only for tables, whose type names every key. */
export const keysOf = <T extends object>(table: T): readonly (keyof T & string)[] =>
  Object.keys(table) as (keyof T & string)[]
