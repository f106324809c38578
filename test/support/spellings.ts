/** Inputs as tests write them down. */

/** Percent-encoded bytes of one character; a lone surrogate as the three bytes that no strict decoder takes. */
const bytesOf = (character: string): string =>
  character.isWellFormed() ? encodeURIComponent(character) : '%ED%A0%80'

/** What a careful client sends in a query. */
export const encoded = (text: string): string => [...text].map(bytesOf).join('')

/** The inputs of packed lines: a space parts them, `␣` stands for a space in one of them, and `∅` for an empty one. */
export const unpacked = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => line.split(' ')).map((input) => (input === '∅' ? '' : input.replaceAll('␣', ' ')))
