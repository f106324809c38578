import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { median } from './figures.ts'
import { messageOf, start, type World } from './world.ts'

/** `token-is-set` compared with alternatives: the same token, over HTTP, on the same machine. */

/** Each with what it does for a request, because they do not all do the same. */
export const peers = {
  'bare handler': { file: 'bare', does: 'Responds with 200.' },
  'bare handler with the same read': {
    file: 'read',
    does: 'Reads the same two items through the same client.',
  },
  'crypto.verify': { file: 'crypto', does: 'Signature only.' },
  'aws-jwt-verify': { file: 'aws-jwt-verify', does: 'Signature, header, `exp`, `nbf`, `iss`.' },
  '@hapi/jwt': { file: 'hapi', does: 'Hapi: cookie, signature, `exp`, `nbf`.' },
  'express-openid-connect': {
    file: 'express-openid-connect',
    does: 'Express: decrypts its session cookie; does not verify the ID token again.',
  },
  'imsg-service, read from memory': {
    file: 'imsg',
    store: 'memory',
    does: 'The whole handler, with its read answered from memory.',
  },
  'imsg-service, read from a database': {
    file: 'imsg',
    store: 'database',
    does: 'The whole handler, with the embedded database.',
  },
} as const satisfies Record<string, { file: string; store?: string; does: string }>

export type PeerName = keyof typeof peers

/** Whether the packages of the peers are installed. */
export const peersInstalled = (): boolean => existsSync(new URL('./peers/node_modules', import.meta.url))

type Ready = Readonly<{ port: number; cookie: string }>

const connections = 8

/** Sends requests over keep-alive connections for this time. Returns how many were answered with 200. */
const load = async ({ port, cookie }: Ready, milliseconds: number): Promise<number> => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
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
  await Promise.all(Array.from({ length: connections }, worker))
  agent.destroy()
  return answered
}

const cpuOf = async (child: ChildProcess): Promise<number> => {
  child.send('cpu')
  return (await messageOf<{ cpu: number }>(child)).cpu
}

/** Processor time of one request, in microseconds. */
export type PeerCosts = Readonly<Record<PeerName, number>>

/** The medians over `rounds`, each with this many milliseconds of load for every peer. */
export const peerCosts = async (world: World, rounds: number, milliseconds: number): Promise<PeerCosts> => {
  const started = await Promise.all(
    Object.entries(peers).map(async ([name, peer]) => {
      const child = start(`peers/${peer.file}.mjs`, 'store' in peer ? [peer.store] : [])
      child.send(world)
      const ready = await messageOf<Ready>(child)
      await load(ready, milliseconds)
      return { name, child, ready, costs: [] as number[] }
    }),
  )
  for (let round = 0; round < rounds; round++)
    for (const { child, ready, costs } of started) {
      const before = await cpuOf(child)
      const answered = await load(ready, milliseconds)
      costs.push(((await cpuOf(child)) - before) / answered)
    }
  for (const { child } of started) child.kill()
  return Object.fromEntries(started.map(({ name, costs }) => [name, median(costs)])) as PeerCosts
}
