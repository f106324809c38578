import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after } from 'node:test'

export const root = join(import.meta.dirname, '..', '..')
/** Every program that was started, killed at the end. */
export const started: ChildProcess[] = []
after(() => {
  for (const child of started) child.kill('SIGKILL')
})

/** `npm start` without npm, and what it says until it is ready or has ended. */
export const start = async (env: Record<string, string>, cwd = root, ...args: string[]) => {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, ['local/start.mjs', ...args], {
    cwd,
    env: { PATH, HOME, NO_WATCH: '1', IDP_PORT: '0', ...env },
  })
  started.push(child)
  let text = ''
  const ended = once(child, 'close')
  const ready = new Promise<string | undefined>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (data) => {
        text += data
        const [, url] = /^ready (\S+)$/m.exec(text) ?? []
        if (url) resolve(url)
      })
    ended.then(() => resolve(undefined))
  })
  const url = await ready
  /** Waits until it has said this, or has ended. */
  const says = async (words: RegExp): Promise<string> => {
    const over = AbortSignal.timeout(60_000)
    while (!words.test(text) && child.exitCode === null && !over.aborted)
      await new Promise((resolve) => setTimeout(resolve, 50))
    return text
  }
  return { child, url, ended, text: () => text, says }
}
