import type { Cold } from './cold.ts'
import type { Growth } from './growth.ts'
import type { PeerRates } from './peers.ts'
import type { Warm } from './warm.ts'

/** What a run found, and how figures are told. */

export type Report = Readonly<{
  run: { date: string; commit: string; machine: string; node: string; rounds: number }
  sizes: Readonly<Record<string, { bytes: number; ours: number; ownBudget: number; asset: number }>>
  cold: Cold
  warm: Warm
  peers: PeerRates
  growth: readonly Growth[]
}>

/** Four digits are more than such a machine can promise. */
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

export const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(1)
export const whole = (value: number): string => Math.round(value).toLocaleString('en')
