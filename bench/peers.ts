import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { median } from './figures.ts'
import type { World } from './world.ts'

/**
 * `token-is-set` beside what people use instead: the same token over HTTP on the same machine in the same
 * run.
 */

/** Each with what it does for a request, so that nobody compares a signature with a session. */
export const peers = {
  'bare handler': { file: 'bare', does: 'Answers 200.' },
  'bare handler with the same read': {
    file: 'read',
    does: 'Reads the two items that the gateway reads for every request, through the same client, and answers 200.',
  },
  'crypto.verify': { file: 'crypto', does: 'The signature; no header, claim or clock.' },
  'aws-jwt-verify': { file: 'aws-jwt-verify', does: 'Signature, header, `exp`, `nbf`, `iss`. No store.' },
  '@hapi/jwt': { file: 'hapi', does: 'Hapi, cookie, signature, `exp`, `nbf`. No store.' },
  'express-openid-connect': {
    file: 'express-openid-connect',
    does: 'Express, decrypts its own session cookie. The ID token is not verified again. No store.',
  },
  'imsg-service, read from memory': {
    file: 'imsg',
    store: 'memory',
    does: 'The whole handler: cookies, token, revocation, log line, headers; its one read answered from memory.',
  },
  'imsg-service, read from a database': {
    file: 'imsg',
    store: 'database',
    does: 'The same, and each request reads them from the embedded database.',
  },
} as const satisfies Record<string, { file: string; store?: string; does: string }>

export type PeerName = keyof typeof peers

const folder = new URL('./peers/', import.meta.url)

/** Whether what is compared with is installed. */
export const peersInstalled = (): boolean => existsSync(new URL('node_modules', folder))

export type Ready = Readonly<{ port: number; cookie: string }>

const heard = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`${child.spawnargs.at(-1)} ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.removeListener('exit', ended)
      resolve(message as T)
    })
  })

const mapConcurrently = 8

/**
 * Sends requests for so long, several at a time over connections that stay open. The number that was answered
 * with 200.
 */
const stretch = async ({ port, cookie }: Ready, milliseconds: number): Promise<number> => {
  const agent = new Agent({ keepAlive: true, maxSockets: mapConcurrently })
  const end = performance.now() + milliseconds
  let answered = 0
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: '/token-is-set', agent, headers: { cookie } }
      get(options, (response) => {
        response.resume().once('end', resolve)
        if (response.statusCode === 200) answered++
        else reject(new Error(`port ${port} answered ${response.statusCode}`))
      }).once('error', reject)
    })
  const worker = async () => {
    while (performance.now() < end) await one()
  }
  await Promise.all(Array.from({ length: mapConcurrently }, worker))
  agent.destroy()
  return answered
}

const cpuOf = async (child: ChildProcess): Promise<number> => {
  child.send('cpu')
  return (await heard<{ cpu: number }>(child)).cpu
}

export type PeerRates = Readonly<Record<PeerName, { perSecond: number; microseconds: number }>>

/**
 * Medians over so many rounds of short stretches, all peers in each round. `microseconds`: processor time of
 * one request.
 */
export const peerRates = async (world: World, rounds: number, milliseconds: number): Promise<PeerRates> => {
  const started = await Promise.all(
    Object.entries(peers).map(async ([name, peer]) => {
      const child = fork(new URL(`${peer.file}.mjs`, folder), 'store' in peer ? [peer.store] : [], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      child.send(world)
      const ready = await heard<Ready>(child)
      await stretch(ready, milliseconds)
      return { name, child, ready, rates: [] as number[], costs: [] as number[] }
    }),
  )
  for (let round = 0; round < rounds; round++)
    for (const { child, ready, rates, costs } of started) {
      const [before, began] = [await cpuOf(child), performance.now()]
      const answered = await stretch(ready, milliseconds)
      rates.push((answered * 1000) / (performance.now() - began))
      costs.push(((await cpuOf(child)) - before) / answered)
    }
  for (const { child } of started) child.kill()
  return Object.fromEntries(
    started.map(({ name, rates, costs }) => [
      name,
      { perSecond: median(rates), microseconds: median(costs) },
    ]),
  ) as PeerRates
}

if (import.meta.main) {
  const { openWorld } = await import('./world.ts')
  const world = await openWorld()
  console.table(await peerRates(world, Number(process.argv[2] ?? 3), 500))
  world.close()
}
