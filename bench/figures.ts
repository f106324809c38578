/** The middle value. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The value below which this share of them lies, interpolated. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const [low, high] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN]
  return low + (high - low) * (at - Math.floor(at))
}

/**
 * The same list, begun at another place in each round: what comes first or after something heavy is not
 * always the same.
 */
export const turned = <T>(list: readonly T[], round: number): T[] => [
  ...list.slice(round % list.length),
  ...list.slice(0, round % list.length),
]
