import type { Functions } from './functions.ts'
import type { Schedule } from './template.ts'

/** Runs every schedule once. No function reads the event that EventBridge sends, so it is empty here. */
export const runOnce = async (
  functions: Pick<Functions, 'invoke'>,
  schedules: readonly Schedule[],
): Promise<void> => {
  await Promise.all(schedules.map(({ to }) => functions.invoke(to, '{}')))
}

/**
 * Runs every schedule repeatedly, at the rate of its rule or every `everySeconds`. Returns a function that
 * stops.
 */
export const runSchedules = (
  functions: Pick<Functions, 'invoke'>,
  schedules: readonly Schedule[],
  everySeconds?: number,
): (() => void) => {
  if (everySeconds === 0) return () => {}
  const timers = schedules.map((schedule) => {
    let running = false
    const once = async () => {
      if (running) return
      running = true
      await runOnce(functions, [schedule])
      running = false
    }
    return setInterval(once, (everySeconds ?? schedule.everySeconds) * 1000)
  })
  return () => timers.forEach(clearInterval)
}
