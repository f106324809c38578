/** The inputs of packed lines: a space parts them, `␣` stands for a space in one of them, and `∅` for an empty one. */
export const unpacked = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => line.split(' ')).map((input) => (input === '∅' ? '' : input.replaceAll('␣', ' ')))
