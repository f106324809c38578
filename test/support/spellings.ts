/** The ways in which one input may be written into a query. */

/** Percent-encoded bytes of one character; a lone surrogate as the three bytes that no strict decoder takes. */
const bytesOf = (character: string): string =>
  character.isWellFormed() ? encodeURIComponent(character) : '%ED%A0%80'

/** What a careful client sends. */
export const encoded = (text: string): string => [...text].map(bytesOf).join('')

/** Every byte, so that not even a slash or a letter stands there as itself. */
const everyByte = (text: string): string =>
  text.isWellFormed()
    ? [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
    : encoded(text)

/** An input in every spelling that the tests try. Only the second and third mean the input itself. */
export const spellings = (text: string): readonly (readonly [how: string, written: string])[] => [
  ['raw', text],
  ['encoded once', encoded(text)],
  ['every byte encoded', everyByte(text)],
  ['encoded twice', encoded(encoded(text))],
]
