import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import { defaultProvider } from './aws-credentials.ts'

/**
 * Invokes refresh-state when a token names a key that the state lacks. Request functions never call the
 * identity service and cannot write keys. refresh-state enforces the cooldown across all instances.
 */

/** Seconds between two invocations by one instance. */
const ownCooldown = 10
/** Timeout of an invocation, in milliseconds. */
const timeout = 3000

/** Node's SHA-256 with the interface that the signer expects. */
class Sha256 {
  readonly #hash
  /** The signer passes only strings and `Uint8Array`s, although its type allows more. */
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined
        ? createHash('sha256')
        : createHmac('sha256', secret instanceof Uint8Array ? secret : String(secret))
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {}
}

type Where = Readonly<{
  functionName: string
  region: string
  /** Base URL of Lambda's API. */
  endpoint: string
  now: () => number
}>

/** One invocation, signed with Signature Version 4. */
const invoke = async ({ functionName, region, endpoint }: Where): Promise<void> => {
  const url = new URL(`/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`, endpoint)
  const signer = new SignatureV4({
    service: 'lambda',
    region,
    credentials: defaultProvider(),
    sha256: Sha256,
  })
  const body = JSON.stringify({ forced: true })
  const signed = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    headers: { host: url.host, 'content-type': 'application/json' },
    query: {},
    body,
  })
  // `fetch` takes 24 ms to load, so it must not be imported or used on any other path.
  const answer = await fetch(url, {
    method: 'POST',
    headers: signed.headers,
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(timeout),
  })
  await answer.arrayBuffer()
}

/**
 * Returns a function that invokes at most once per cooldown. Errors are ignored: the known keys then decide.
 */
export const keyRequest = (where: Where): (() => Promise<void>) => {
  let asked = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined
  return () => {
    if (asking !== undefined) return asking
    if (where.now() - asked < ownCooldown) return Promise.resolve()
    asked = where.now()
    asking = invoke(where)
      .catch(() => {})
      .finally(() => {
        asking = undefined
      })
    return asking
  }
}
