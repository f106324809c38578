import { styleText } from 'node:util'

/** Colours a word at a terminal, but not in a file, in CI or with `NO_COLOR`. */
export const coloured = (
  colour: 'red' | 'yellow',
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
  { CI }: NodeJS.ProcessEnv = process.env,
): string => (CI ? text : styleText(colour, text, { stream }))

/** Prints to standard error that work has started which takes more than two seconds. */
export const announce = (what: string): void => {
  process.stderr.write(`${what} ...\n`)
}
