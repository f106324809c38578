/**
 * Works through a list with so many items under way at a time; the results keep the order of the list.
 * After a failure nothing more is begun, and it is thrown when what was under way has ended: no work goes
 * on behind the back of whoever asked for it.
 */
export const mapConcurrently = async <T, R>(
  most: number,
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
  await Promise.all(Array.from({ length: most }, worker))
  if (failures.length > 0) throw failures[0]
  return results
}
