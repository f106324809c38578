import { chance } from './chance.ts'

/** A morning in simulation: tabs open, each polls every five seconds, and Lambda gives every request a free instance or starts one. */

export type Rush = Readonly<{
  /** How many tabs are opened, and within how many seconds. */
  tabs: number
  opening: number
  /** Milliseconds a request takes in an instance that is warm, and the first one in a new instance. */
  warm: number
  cold: number
}>

export type Morning = Readonly<{
  requests: number
  coldStarts: number
  /** Share of requests that waited for a cold start, in all and in the worst minute. */
  share: number
  worstMinute: number
  instances: number
}>

const pollEvery = 5000
/** Lambda keeps an idle instance for minutes; how many it does not say. */
const kept = 5 * 60_000
const seconds = 1000
/** A minute with fewer polls says nothing about a share. */
const fewest = 100

/** People come in like a bell around the middle: the mean of three evenly spread numbers. */
const arrivals = ({ tabs, opening }: Rush, random: () => number): Float64Array =>
  Float64Array.from({ length: tabs }, () => ((random() + random() + random()) / 3) * opening * seconds).sort()

/** All polls of all tabs in the order of their time, until the last tab has been open for a minute. */
const polls = (rush: Rush): Float64Array => {
  const random = chance()
  const end = (rush.opening + 60) * seconds
  const times: number[] = []
  for (const opened of arrivals(rush, random))
    for (let at = opened; at < end; at += pollEvery + (random() - 0.5) * 500) times.push(at)
  return Float64Array.from(times).sort()
}

/** Instances as a stack: the one that was used last is used next, so that the others can age. */
class Pool {
  readonly #free: { from: number }[] = []
  readonly #busy: { until: number }[] = []
  started = 0
  most = 0

  /** Serves a request at this moment; true when it took a new instance. */
  serve(at: number, { warm, cold }: Rush): boolean {
    while (this.#busy.length > 0 && (this.#busy[0]?.until ?? 0) <= at) {
      const done = this.#busy.shift()
      if (done) this.#free.push({ from: done.until })
    }
    const idle = this.#free.pop()
    const isCold = idle === undefined || at - idle.from > kept
    const until = at + (isCold ? cold : warm)
    if (isCold) this.started++
    let index = this.#busy.length
    while (index > 0 && (this.#busy[index - 1]?.until ?? 0) > until) index--
    this.#busy.splice(index, 0, { until })
    this.most = Math.max(this.most, this.#busy.length + this.#free.length)
    return isCold
  }
}

export const morning = (rush: Rush): Morning => {
  const pool = new Pool()
  const minutes = new Map<number, { all: number; cold: number }>()
  const times = polls(rush)
  for (const at of times) {
    const minute = minutes.get(Math.floor(at / 60_000)) ?? { all: 0, cold: 0 }
    minute.all++
    if (pool.serve(at, rush)) minute.cold++
    minutes.set(Math.floor(at / 60_000), minute)
  }
  return {
    requests: times.length,
    coldStarts: pool.started,
    share: pool.started / times.length,
    worstMinute: Math.max(
      ...[...minutes.values()].filter(({ all }) => all >= fewest).map(({ all, cold }) => cold / all),
    ),
    instances: pool.most,
  }
}

/** The sizes that are published; the largest that one process can go through in seconds stands for those above it. */
export const rushSizes = [100, 1000, 10_000] as const
