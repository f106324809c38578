import { equal } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe } from 'node:test'
import { performanceMarkdown } from '../bench/performance-report.ts'
import { pictures } from '../bench/pictures.ts'
import { published } from '../bench/publish.ts'
import { scalingMarkdown } from '../bench/scaling-report.ts'
import { each } from './support/each.ts'

const committed = (file: string): string => readFileSync(new URL(`../docs/${file}`, import.meta.url), 'utf8')

describe('What is published of the last benchmark', () => {
  const report = published()

  each('is what its figures say', [
    ['performance.md', performanceMarkdown(report)],
    ['scaling.md', scalingMarkdown(report)],
    ...Object.entries(pictures(report)).map(([name, svg]) => [`images/${name}`, svg] as const),
  ])(([file, made]) => equal(committed(file), made))
})
