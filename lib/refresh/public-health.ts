import type { Config } from '../config.ts'
import { prefix } from '../prefix.ts'

/** Names that never lead to another machine: this one, and those that RFC 2606 keeps for examples. */
const unreachable = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|(?:.+\.)?(?:localhost|test|example|invalid))$/

/** Whether anybody else can reach this address. */
export const isPublic = (publicUrl: string): boolean => !unreachable.test(new URL(publicUrl).hostname)

/** `patience`: milliseconds that an answer may take. */
type Limits = Readonly<{ patience: number; fetch: typeof fetch }>

/**
 * Whether `/health` answers 200 at the public address, through DNS, certificate and API Gateway, as it does
 * for a browser. Undefined where the address is not public. Never rejects: a refresh does not depend on it.
 */
export const publicHealth = async (
  { publicUrl }: Pick<Config, 'publicUrl'>,
  limits: Limits = { patience: 3000, fetch },
): Promise<boolean | undefined> => {
  if (!isPublic(publicUrl)) return undefined
  try {
    const signal = AbortSignal.timeout(limits.patience)
    const answer = await limits.fetch(`${publicUrl}${prefix}/health`, { redirect: 'error', signal })
    await answer.body?.cancel()
    return answer.status === 200
  } catch {
    return false
  }
}
