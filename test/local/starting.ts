import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

export const root = join(import.meta.dirname, '..', '..')
const started: ChildProcess[] = []
after(() => {
  for (const child of started) child.kill('SIGKILL')
})

/** Starts `local/start.mjs`, and collects its output. */
export const spawned = (
  env: Record<string, string>,
  cwd = root,
  [program, ...args]: readonly [string, ...string[]] = [process.execPath, 'local/start.mjs'],
) => {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(program, args, { cwd, env: { PATH, HOME, NO_WATCH: '1', IDP_PORT: '0', ...env } })
  started.push(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (data) => {
      text += data
    })
  const ended = once(child, 'close')
  let over = false
  ended.then(() => {
    over = true
  })
  /** Waits for this output or the end of the process. */
  const says = async (words: RegExp): Promise<string> => {
    for (const end = Date.now() + 60_000; !words.test(text) && !over && Date.now() < end; ) await pause(20)
    return text
  }
  return { child, ended, text: () => text, says }
}

/** Starts it, and waits until it is ready or has ended. */
export const start = async (...given: Parameters<typeof spawned>) => {
  const program = spawned(...given)
  const [, url] = /^ready (\S+)$/m.exec(await program.says(/^ready \S+$/m)) ?? []
  return { ...program, url }
}
