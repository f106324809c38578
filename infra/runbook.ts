import { readFileSync } from 'node:fs'

/** What an alarm says besides its meaning: whoever is woken by it may not have the repository at hand. */

const text = readFileSync(new URL('../docs/runbook.md', import.meta.url), 'utf8')
const entries = new Map(
  text.split(/^## /m).map((entry) => [entry.slice(0, entry.indexOf('\n')), entry] as const),
)

/** What to check and what to do, from the entry of this name in docs/runbook.md. */
export const stepsOf = (alarm: string): string =>
  [...(entries.get(alarm) ?? '').matchAll(/^- \*\*(Check|Do):\*\* (.*)$/gm)]
    .map(([, step, words = '']) => `${step}: ${words.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')}`)
    .join(' ')
