/**
 * Listeners to one kind of event. Each is called in a microtask of its own, so one that throws does not stop
 * the others.
 */
export const listenersTo = <Told extends unknown[]>() => {
  const listeners = new Set<(...news: Told) => void>()
  const tell = (listener: (...news: Told) => void, ...news: Told) =>
    queueMicrotask(() => listeners.has(listener) && listener(...news))
  return {
    listeners,
    tell,
    all: (...news: Told) => listeners.forEach((listener) => void tell(listener, ...news)),
    subscribe: (listener: (...news: Told) => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: () => listeners.clear(),
  }
}
