import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { announce } from '../infra/terminal.ts'
import { peersInstalled } from './peers.ts'

/** `npm run bench -- <report>`: measurements. Without a name, those of docs/performance.md. */

type Report = Readonly<{ file: string; about: string; peers?: true }>

const reports = new Map<string, Report>([
  [
    'performance',
    {
      file: 'bench/run.ts',
      about: 'writes docs/performance.md and docs/scaling.md in about two minutes',
      peers: true,
    },
  ],
  ['brief', { file: 'bench/brief.ts', about: 'sizes, and ratios compared with the published ones' }],
  ['soak', { file: 'test/soak/soak.ts', about: 'simulated users for a minute, or `--minutes 30`' }],
])

const root = join(import.meta.dirname, '..')
const run = (program: string, ...args: string[]): number =>
  spawnSync(program, args, { cwd: root, stdio: 'inherit' }).status ?? 1

const [name = 'performance', ...args] = process.argv.slice(2)
const report = reports.get(name)
if (report === undefined) {
  console.error('npm run bench -- [report]. Reports:\n')
  for (const [known, { about }] of reports) console.error(`${known.padEnd(14)}${about}`)
  process.exitCode = 2
} else {
  const installed = !report.peers || peersInstalled()
  if (!installed) run('npm', '--prefix', 'bench/peers', 'ci', '--ignore-scripts', '--no-audit', '--no-fund')
  announce(`${name}: ${report.about}`)
  process.exitCode = run(process.execPath, report.file, ...args)
}
