/** Content negotiation by the Accept headers: RFC 9110 section 12.5. */

type Range = Readonly<{ name: string; quality: number }>

/** The ranges of an Accept header with their qualities. An invalid quality counts as 0. */
const ranges = (header: string): Range[] =>
  header.split(',').map((part) => {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    return { name, quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0 }
  })

/** The quality that an Accept header gives a media type by name, without wildcards. */
export const weight = (accept: string, type: string): number =>
  ranges(accept).find(({ name }) => name === type)?.quality ?? 0

/** Whether an Accept header prefers `one` to `other`. `other` may match a wildcard; `one` must be named. */
export const prefers = (accept: string, one: string, other: string): boolean => {
  const named = (type: string) => ranges(accept).find(({ name }) => name === type)?.quality
  const wildcards = ['*/*', other.replace(/\/.*/, '/*')]
  const wild = ranges(accept).flatMap(({ name, quality }) => (wildcards.includes(name) ? quality : []))
  const [wanted, rival] = [named(one) ?? 0, named(other)]
  return rival === undefined ? wanted > 0 && wild.every((quality) => wanted >= quality) : wanted > rival
}

/**
 * The language that an `Accept-Language` gives the highest quality: the first of equals, or the default.
 */
export const preferred = <T extends Readonly<{ language: string }>>(
  accept: string,
  [fallback, ...others]: readonly [fallback: T, ...T[]],
): T => {
  let best = { language: fallback, quality: 0 }
  for (const { name, quality } of ranges(accept)) {
    const [tag] = name.split('-', 1)
    const language = [fallback, ...others].find((known) => known.language === tag)
    if (language !== undefined && quality > best.quality) best = { language, quality }
  }
  return best.language
}
