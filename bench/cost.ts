import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { between } from '../docs/generate.ts'
import { emitted } from '../infra/metrics.ts'
import { type Properties, propertiesOf, templateOf } from '../test/infra/synthesised.ts'
import { billedMilliseconds, costMarkdown, costSentence, type Idle } from './cost-report.ts'
import { measurePoll, type Poll } from './poll.ts'
import { published } from './publish.ts'
import { openWorld } from './world.ts'

/** Measures a poll and writes docs/cost.md, a sentence of the README and the figures for docs/scaling.md. */

const root = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** The alarms and metrics of the example deployment. */
export const idle = (): Idle => {
  const template = templateOf(parseEnv(read('infra/example.env')))
  const metricsOf = ({ Metrics }: Properties): number =>
    (Metrics as { MetricStat?: unknown }[] | undefined)?.filter(({ MetricStat }) => MetricStat).length ?? 1
  const alarms = propertiesOf(template, 'AWS::CloudWatch::Alarm')
  return {
    alarmMetrics: alarms.reduce((sum, alarm) => sum + metricsOf(alarm), 0),
    compositeAlarms: propertiesOf(template, 'AWS::CloudWatch::CompositeAlarm').length,
    ownMetrics: Object.keys(emitted).length,
  }
}

/** Measures a poll. */
export const poll = async (): Promise<Poll> => {
  const world = await openWorld()
  try {
    return await measurePoll(world, billedMilliseconds(published()))
  } finally {
    world.close()
  }
}

/** Every document with the cost of a poll, by its path. */
export const costDocuments = (measured: Poll): Readonly<Record<string, string>> => ({
  'docs/cost.md': costMarkdown(published(), measured, idle()),
  'docs/cost.json': `${JSON.stringify(measured, null, 2)}\n`,
  'README.md': between(read('README.md'), 'cost', costSentence(measured)) ?? '',
})

if (import.meta.main)
  for (const [file, text] of Object.entries(costDocuments(await poll()))) {
    const isNew = read(file) !== text
    if (isNew) writeFileSync(join(root, file), text)
    console.log(`${file}: ${isNew ? 'written' : 'unchanged'}`)
  }
