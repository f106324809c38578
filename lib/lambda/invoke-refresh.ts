import { type BinaryLike, createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import { defaultProvider } from './aws-credentials.ts'

/**
 * Asks refresh-state for newer keys when a token names one that the state does not hold. Request functions
 * never speak to the identity service, and cannot write keys: they may invoke this one function, which takes
 * the shared cooldown itself.
 */

/** An instance asks at most once in this many seconds, however many unknown keys it sees. */
const ownCooldown = 10
/** How long the answer may take, in milliseconds. */
const patience = 3000

/** SHA-256 in the shape that the signer expects, from Node's own crypto. */
class Sha256 {
  readonly #hash
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as BinaryLike)
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

/**
 * One invocation with Signature Version 4. A failure is ignored: the token is then judged by the known keys.
 */
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
  // `fetch` costs 24 ms to load, which only this rare path pays.
  const answer = await fetch(url, {
    method: 'POST',
    headers: signed.headers,
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(patience),
  })
  await answer.arrayBuffer()
}

/** A function that asks, at most once per cooldown of this instance. */
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
