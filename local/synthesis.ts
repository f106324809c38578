import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { Template } from './cloudformation.ts'
import type { Log } from './functions.ts'
import { CannotStart, type Texts } from './options.ts'
import { type Plan, planFrom } from './template.ts'

/** The root of the repository, so that nothing depends on the working directory. */
export const root = join(import.meta.dirname, '..')

/** The folders that the template is made from. */
export const sources = ['functions', 'lib', 'infra'] as const

/** Variables that npm and esbuild need. No others reach the synthesis. */
const passed = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'APPDATA', 'USERPROFILE', 'SystemRoot', 'npm_config_cache']

const environment = (outdir: string, texts: Texts, { PATH: path } = process.env): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(passed.map((name) => [name, process.env[name]])),
  PATH: [join(root, 'node_modules', '.bin'), path].join(delimiter),
  ...texts,
  CDK_OUTDIR: outdir,
  // Validating the template takes half the time of a synth. `npm run synth` and `npm run deploy` do it.
  CDK_VALIDATION: 'false',
  LOCAL_STACK: 'true',
})

/** Lines that Node, npm and CDK print around an error and that do not help to find it. */
const noise = /^(node:|Node\.js v|npm warn|Bundling asset|⚡|\s+at |\s+triggerUncaught|\s+\^|\s*$)/

const complaint = (errors: string): string =>
  errors
    .split('\n')
    .filter((line) => !noise.test(line))
    .join('\n')

const run = (outdir: string, texts: Texts, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['infra/app.ts'], {
      cwd: root,
      env: environment(outdir, texts),
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(signal && { signal }),
    })
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new CannotStart(complaint(errors)))))
  })

const sourceFiles = async (): Promise<string[]> => {
  const found = await Promise.all(
    sources.map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
      return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
    }),
  )
  return [...found.flat().sort(), ...['package-lock.json', 'cdk.json'].map((name) => join(root, name))]
}

/** A hash that changes whenever the template or a bundle could. */
const fingerprint = async (texts: Texts): Promise<string> => {
  const hash = createHash('sha256').update(JSON.stringify([process.version, texts]))
  for (const file of await sourceFiles()) hash.update(`\0${file}\0`).update(await readFile(file))
  return hash.digest('hex')
}

const read = async (outdir: string): Promise<Plan> => {
  const template: Template = JSON.parse(await readFile(join(outdir, 'imsg-service.template.json'), 'utf8'))
  return planFrom(template, outdir)
}

const kept = async (outdir: string, mark: string, wanted: string): Promise<Plan | undefined> => {
  try {
    if ((await readFile(mark, 'utf8')) !== wanted) return undefined
    const plan = await read(outdir)
    return plan.functions.every(({ folder }) => existsSync(folder)) ? plan : undefined
  } catch {
    return undefined
  }
}

/** The folder for the template, its settings, and where to report progress. */
export type Wanted = Readonly<{ outdir: string; texts: Texts; log: Log; signal?: AbortSignal | undefined }>

/**
 * Synthesises the stack into a folder, in a separate process, and reads the result. An earlier result in the
 * folder is used again when sources and settings have not changed.
 */
export const synthesise = async ({ outdir, texts, log, signal }: Wanted): Promise<Plan> => {
  const mark = join(outdir, 'sources.sha256')
  const wanted = await fingerprint(texts)
  const before = await kept(outdir, mark, wanted)
  if (before) return before

  log('synthesising the stack ...')
  await rm(mark, { force: true })
  await run(outdir, texts, signal)
  // A file that was saved during the synth may not be part of it.
  if ((await fingerprint(texts)) === wanted) await writeFile(mark, wanted)
  return read(outdir)
}
