import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { coldStarts } from './cold.ts'
import { growth } from './growth.ts'
import { peerCosts } from './peers.ts'
import { publish } from './publish.ts'
import { type Report, shortened } from './report.ts'
import { bundleSizes } from './sizes.ts'
import { warmCosts } from './warm.ts'
import { openWorld } from './world.ts'

/** `npm run bench`: measures everything and writes the documents. Takes about two minutes on two cores. */

const root = join(import.meta.dirname, '..')

const rounds = 20

const git = (...words: string[]): string => execFileSync('git', words, { cwd: root }).toString().trim()

const step = async <T>(what: string, work: () => T | Promise<T>): Promise<T> => {
  process.stderr.write(`${what} ...\n`)
  return work()
}

const world = await openWorld()
const sizes = await step('sizes', bundleSizes)
const cold = await step('cold starts', () => coldStarts(world, rounds))
const warm = await step('warm', () => warmCosts(world, 4000))
const peers = await step('peers', () => peerCosts(world, 7, 700))
const grown = await step('growth', () => growth(world))
world.close()

const report: Report = shortened({
  run: {
    date: new Date().toISOString().slice(0, 10),
    commit: git('rev-parse', '--short', 'HEAD'),
    machine: `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${process.arch}`,
    node: process.version,
    rounds,
  },
  sizes: Object.fromEntries(Object.entries(sizes).map(([name, { bytes }]) => [name, bytes])),
  cold,
  warm,
  peers,
  growth: grown,
})

publish(report)
