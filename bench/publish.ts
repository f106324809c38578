import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performanceMarkdown } from './performance-report.ts'
import type { Report } from './report.ts'
import { scalingMarkdown } from './scaling-report.ts'

/** Writes the documents about a run. Run as a script, it writes those of the last run again. */

const docs = join(import.meta.dirname, '..', 'docs')
const figures = join(docs, 'performance.json')

/** The last run. */
export const published = (): Report => JSON.parse(readFileSync(figures, 'utf8'))

/** Writes a file if it changes, because a test may be reading it. */
const write = (name: string, text: string): void => {
  const file = join(docs, name)
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text)
}

export const publish = (report: Report): void => {
  write('performance.json', `${JSON.stringify(report, null, 2)}\n`)
  write('performance.md', performanceMarkdown(report))
  write('scaling.md', scalingMarkdown())
}

if (import.meta.main) publish(published())
