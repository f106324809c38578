import type { Config } from '../config.ts'
import { prefix } from '../prefix.ts'

/** Loopback addresses and the names reserved by RFC 2606. */
const unreachable = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|(?:.+\.)?(?:localhost|test|example|invalid))$/

/** Whether other machines can reach this address. */
export const isPublic = (publicUrl: string): boolean => !unreachable.test(new URL(publicUrl).hostname)

/**
 * Whether `/health` responds with 200 at the public address, as a browser would reach it. Undefined when the
 * address is not public. Never rejects, so it cannot fail a refresh. `timeout` in milliseconds.
 */
export const publicHealth = async (
  { publicUrl }: Pick<Config, 'publicUrl'>,
  timeout = 3000,
  ask = fetch,
): Promise<boolean | undefined> => {
  if (!isPublic(publicUrl)) return undefined
  try {
    const signal = AbortSignal.timeout(timeout)
    const answer = await ask(`${publicUrl}${prefix}/health`, { redirect: 'error', signal })
    await answer.body?.cancel()
    return answer.status === 200
  } catch {
    return false
  }
}
