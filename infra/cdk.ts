import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { exampleFile, pathOf } from './settings-source.ts'
import { announce } from './terminal.ts'

/**
 * `npm run cdk -- <command>`, `npm run synth` and `npm run deploy`: the CDK command line, with the settings
 * of one file. `infra/app.ts` reads SETTINGS_FILE. Every command of CDK synthesises first, so bootstrap and
 * destroy need settings too.
 */

/** The arguments without `--settings <file>`, and the file. */
const taken = (words: readonly string[]): { file?: string; rest: string[]; incomplete?: true } => {
  const at = words.findIndex((word) => word === '--settings' || word.startsWith('--settings='))
  const found = words[at]
  if (found === undefined) return { rest: [...words] }
  const joined = found.includes('=')
  const file = joined ? found.slice(found.indexOf('=') + 1) : words[at + 1]
  const rest = words.toSpliced(at, joined ? 1 : 2)
  return file ? { file, rest } : { rest, incomplete: true }
}

const main = (words: string[]): void => {
  const { file: named, rest, incomplete } = taken(words)
  const [command = '', ...others] = rest
  const file = named ?? (command === 'synth' ? exampleFile : undefined)
  const refusal = incomplete
    ? '--settings needs the name of a file.'
    : command !== 'synth' && file && pathOf(file) === exampleFile
      ? 'infra/example.env is an example: copy it, fill in the copy, and name that file.'
      : undefined
  if (refusal !== undefined) {
    console.error(refusal)
    process.exitCode = 1
    return
  }
  const cdk = fileURLToPath(import.meta.resolve('aws-cdk/bin/cdk'))
  const colours = process.env.CI ? ['--no-color'] : []
  const env = { ...process.env, ...(file && { SETTINGS_FILE: pathOf(file) }) }
  const quiet = command === 'synth' ? ['-q'] : []
  if (command !== '' && !command.startsWith('-')) announce('synthesising the stack')
  const child = spawn(process.execPath, [cdk, command, ...quiet, ...colours, ...others], {
    stdio: 'inherit',
    env,
  })
  // The terminal sends SIGINT to both processes. This one waits for the CDK command line to end.
  process.on('SIGINT', () => {})
  child.on('close', (code) => {
    process.exitCode = code ?? 1
    if (code === 0 && command === 'synth') console.log('synthesised without an error: cdk.out')
  })
}

main(process.argv.slice(2))
