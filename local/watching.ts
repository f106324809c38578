import { watch } from 'node:fs'
import { join } from 'node:path'
import type { Log } from './functions.ts'
import { root, sources } from './synthesis.ts'

/**
 * Milliseconds to wait for further changes: editors save in several steps, and a checkout writes many files.
 */
const calm = 100

/**
 * Calls `reload` after sources were saved, one call at a time, and prints the functions that it returns or
 * the error that it throws. Returns a function that stops watching.
 */
export const watchSources = (reload: () => Promise<readonly string[]>, log: Log): (() => void) => {
  let timer: NodeJS.Timeout | undefined
  let running = false
  let stopped = false

  const attempt = async () => {
    const begun = performance.now()
    try {
      const changed = await reload()
      const took = `in ${((performance.now() - begun) / 1000).toFixed(1)} s`
      log(
        changed.length > 0 ? `reloaded ${changed.join(', ')} ${took}` : `no function changed, found ${took}`,
      )
    } catch (error) {
      if (!stopped)
        log(`${error instanceof Error ? error.message : error}\nnot reloaded: what ran before runs on`)
    }
  }
  const once = async () => {
    if (running) return later()
    running = true
    await attempt()
    running = false
  }
  const later = () => {
    clearTimeout(timer)
    if (!stopped) timer = setTimeout(once, calm)
  }

  const watchers = sources.map((folder) =>
    watch(join(root, folder), { recursive: true }, (_, file) => {
      if (file && /\.(ts|json)$/.test(file)) later()
    }),
  )
  return () => {
    stopped = true
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}
