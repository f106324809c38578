import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { CannotStart, type Texts } from './options.ts'
import { type Plan, planFrom, type Template } from './template.ts'

/** Where the repository is, so that nothing depends on the directory it is started in. */
export const root = join(import.meta.dirname, '..')

/** What npm and esbuild need from the shell. Nothing else of it reaches the template. */
const passed = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'APPDATA', 'USERPROFILE', 'SystemRoot', 'npm_config_cache']

const environment = (outdir: string, texts: Texts, { PATH: path } = process.env): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(passed.map((name) => [name, process.env[name]])),
  PATH: [join(root, 'node_modules', '.bin'), path].join(delimiter),
  ...texts,
  CDK_OUTDIR: outdir,
  // Names every resource by its construct, as the CDK command line does.
  CDK_CONTEXT_JSON: '{"aws:cdk:enable-path-metadata":true}',
})

/** What went wrong, without the progress that CDK and esbuild report beside it. */
const complaint = (errors: string): string =>
  errors
    .split('\n')
    .filter(
      (line) => !/^(Bundling asset|npm warn|\s+at |\s*$|⚡)/.test(line) && !/index\.m?js {2}\d/.test(line),
    )
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

/** Synthesises the stack into a folder, in a process of its own, and reads what came out. */
export const synthesise = async (outdir: string, texts: Texts, signal?: AbortSignal): Promise<Plan> => {
  await run(outdir, texts, signal)
  const template: Template = JSON.parse(await readFile(join(outdir, 'imsg-service.template.json'), 'utf8'))
  return planFrom(template, outdir)
}
