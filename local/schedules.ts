import { randomUUID } from 'node:crypto'
import type { Functions } from './functions.ts'
import type { Schedule } from './template.ts'

/** The event that EventBridge sends for a rule with a rate. */
const tick = (rule: string, at: Date) => ({
  version: '0',
  id: randomUUID(),
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: '000000000000',
  time: `${at.toISOString().slice(0, 19)}Z`,
  region: 'local',
  resources: [`arn:aws:events:local:000000000000:rule/${rule}`],
  detail: {},
})

/** Runs every schedule once, and answers when all are done. */
export const runOnce = async (
  functions: Pick<Functions, 'invoke'>,
  schedules: readonly Schedule[],
): Promise<void> => {
  await Promise.all(
    schedules.map(({ rule, to }) => functions.invoke(to, JSON.stringify(tick(rule, new Date())))),
  )
}

/**
 * Runs every schedule by the clock, as often as its rule says or as `everySeconds` says. Returns how to stop.
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
