/** The Levenshtein distance of two texts. */
const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1]
    for (const [column, wanted] of [...other].entries())
      next.push(
        Math.min(
          (row[column + 1] ?? 0) + 1,
          (next[column] ?? 0) + 1,
          (row[column] ?? 0) + Number(letter !== wanted),
        ),
      )
    row = next
  }
  return row.at(-1) ?? 0
}

/** The most similar word within a distance of two, ignoring case, or undefined. */
export const closestName = (text: string, words: readonly string[]): string | undefined => {
  const folded = text.toUpperCase()
  const close = words
    .filter((word) => Math.abs(word.length - text.length) <= 2)
    .map((word) => ({ word, letters: distance(folded, word.toUpperCase()) }))
    .filter(({ letters }) => letters <= 2)
  return close.toSorted((a, b) => a.letters - b.letters)[0]?.word
}
