import type { Cold } from './cold.ts'
import type { Growth } from './growth.ts'
import type { PeerCosts } from './peers.ts'
import type { Warm } from './warm.ts'

/** The result of a run, and how figures are written. */

export type Report = Readonly<{
  run: { date: string; commit: string; machine: string; node: string; rounds: number }
  /** Bytes that each function loads at a cold start. */
  sizes: Readonly<Record<string, number>>
  cold: Cold
  warm: Warm
  peers: PeerCosts
  growth: readonly Growth[]
}>

/** Rounds to four digits, which is more than the accuracy of a run. */
export const shortened = <T>(value: T): T =>
  JSON.parse(
    JSON.stringify(value, (_name, inner: unknown) =>
      typeof inner === 'number' && !Number.isInteger(inner) ? Number(inner.toPrecision(4)) : inner,
    ),
  )

export const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map((_, index) => (index === 0 ? '---' : '--:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')

export const whole = (value: number): string => Math.round(value).toLocaleString('en')
