import type { Functions } from './functions.ts'

/** Runs every scheduled function once. None reads the event that EventBridge sends, so it is empty here. */
export const runOnce = async (
  functions: Pick<Functions, 'invoke'>,
  scheduled: readonly string[],
): Promise<void> => {
  await Promise.all(scheduled.map((id) => functions.invoke(id, '{}')))
}

/** Runs each function every `seconds`, one run at a time, or never with 0. Returns a function that stops. */
export const runEvery = (
  functions: Pick<Functions, 'invoke'>,
  scheduled: readonly string[],
  seconds: number,
): (() => void) => {
  if (seconds === 0) return () => {}
  const timers = scheduled.map((id) => {
    let running = false
    const once = async () => {
      if (running) return
      running = true
      await functions.invoke(id, '{}')
      running = false
    }
    return setInterval(once, seconds * 1000)
  })
  return () => timers.forEach(clearInterval)
}
