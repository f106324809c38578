import type { Config } from '../config.ts'
import { prefix } from '../prefix.ts'

/** Loopback addresses, and the names that RFC 2606 reserves. */
const unreachable = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|(?:.+\.)?(?:localhost|test|example|invalid))$/

/** Whether other machines can reach this address. */
export const isPublic = (publicUrl: string): boolean => !unreachable.test(new URL(publicUrl).hostname)

/**
 * Whether `/health` answers 200 at the public address, the way a browser reaches it. Undefined where the
 * address is not public. Never rejects: a refresh does not depend on it. `timeout` in milliseconds.
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
