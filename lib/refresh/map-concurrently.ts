/**
 * Maps a list with at most `max` items in progress. Results keep the order of the list. After a failure no
 * further item is started, and the first error is thrown once all items in progress have ended.
 */
export const mapConcurrently = async <T, R>(
  max: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = []
  const failures: unknown[] = []
  const queue = items.entries()
  const worker = async () => {
    for (const [index, item] of queue) {
      if (failures.length > 0) return
      try {
        results[index] = await work(item)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: max }, worker))
  if (failures.length > 0) throw failures[0]
  return results
}
