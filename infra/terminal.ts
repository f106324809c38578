import { styleText } from 'node:util'

/** A word in colour at a terminal; as it is in a file, with `NO_COLOR`, and in CI. */
export const coloured = (
  colour: 'red' | 'yellow',
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
  { CI }: NodeJS.ProcessEnv = process.env,
): string => (CI ? text : styleText(colour, text, { stream }))

/** Says on standard error that something has begun that takes more than two seconds. */
export const begins = (what: string): void => {
  process.stderr.write(`${what} ...\n`)
}
