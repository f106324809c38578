/** The inputs of packed lines, separated by spaces: `␣` is a space in an input, `∅` an empty input. */
export const unpacked = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => line.split(' ')).map((input) => (input === '∅' ? '' : input.replaceAll('␣', ' ')))
