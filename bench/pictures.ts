import { bars } from './plot.ts'
import type { Report } from './report.ts'
import { load } from './scaling.ts'

const ours = (name: string): boolean => name.startsWith('imsg')

/** One picture for each main figure, by the name of its file. */
export const pictures = ({
  cold,
  levers,
  peers,
  sizes,
  growth,
}: Report): Readonly<Record<string, string>> => {
  const { bare: _bare, ...functions } = cold
  return {
    'cold-start.svg': bars(
      'Cold start: processor time to the first answer, against a handler that does nothing',
      'x',
      [
        { name: 'bare handler', value: 1 },
        ...Object.entries(functions).map(([name, { cpuRatio }]) => ({ name, value: cpuRatio, ours: true })),
      ],
      2,
    ),
    'levers.svg': bars(
      'Cold start of token-is-set: processor time with a lever undone',
      'ms',
      Object.entries(levers).map(([name, { cpu }]) => ({
        name: name.replace(/^with (the )?/, '+ ').slice(0, 34),
        value: cpu,
        ours: name === 'as deployed',
      })),
    ),
    'peers.svg': bars(
      'token-is-set over HTTP: processor time of one request',
      'us',
      Object.entries(peers).map(([name, { microseconds }]) => ({
        name,
        value: microseconds,
        ours: ours(name),
      })),
    ),
    'sizes.svg': bars(
      'Loaded at a cold start, the SDK included (dashed: the budget of 225 kB)',
      'kB',
      Object.entries(sizes).map(([name, { bytes }]) => ({ name, value: bytes / 1000, ours: true })),
      225,
    ),
    'growth.svg': bars(
      'refresh-state: peak memory',
      'MB',
      growth.map(({ organisations, mappings, refreshMegabytes }) => ({
        name: `${organisations.toLocaleString('en')} x ${mappings.toLocaleString('en')} mappings`,
        value: refreshMegabytes,
        ours: true,
      })),
    ),
    'cost.svg': bars(
      'A million open tabs around the clock: US dollars a month',
      'USD',
      Object.entries(load(1e6, 8).cost).map(([name, value]) => ({
        name,
        value,
        note: `${Math.round(value / 1000).toLocaleString('en')} k`,
      })),
    ),
  }
}
