import { organisationsOf } from '../lib/state/organisation.ts'
import { chance } from './chance.ts'
import { limits, pollEvery } from './scaling.ts'

/** The tabs of one newsroom in simulation: how often its item is read when every instance keeps it for five seconds. */

export type HotOrganisation = Readonly<{
  tabs: number
  /** Instances that share the polls: one for each unit of concurrency that so many polls need, all started in the same second. */
  instances: number
  /** Reads of the item in an average second, and in the worst. */
  reads: number
  worst: number
}>

const seconds = 10

/** Every tab polls every five seconds from a moment of its own; each poll reaches an instance by chance. */
export const hotOrganisation = (tabs: number): HotOrganisation => {
  const random = chance()
  const clock = { second: 0 }
  const perSecond = tabs / pollEvery
  const instances = Array.from({ length: Math.ceil(perSecond / limits.perConcurrency) }, () =>
    organisationsOf(),
  )
  const read = new Array<number>(seconds).fill(0)
  for (clock.second = 0; clock.second < seconds; clock.second++)
    for (let poll = 0; poll < perSecond; poll++) {
      const lookup = instances[Math.floor(random() * instances.length)]?.lookup('newsroom', clock.second)
      lookup?.found(new Map())
      read[clock.second] = (read[clock.second] ?? 0) + (lookup?.keys.length ?? 0)
    }
  const sum = read.reduce((total, one) => total + one, 0)
  return { tabs, instances: instances.length, reads: sum / seconds, worst: Math.max(...read) }
}
