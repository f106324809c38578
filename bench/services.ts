import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from 'aws-lambda'
import { wire as authorize } from '../functions/authorize/index.ts'
import { wire as tokenIsSet } from '../functions/token-is-set/index.ts'
import { type Dependencies, dependencies } from '../lib/lambda/dependencies.ts'
import { logTo } from '../lib/log.ts'
import { missing } from '../test/proxies/programs.ts'
import { freePort } from '../test/support/ports.ts'
import { median } from './figures.ts'
import { heard, type Ready, stretch } from './peers.ts'
import { costsOf, remembering } from './warm.ts'
import { openWorld, type World } from './world.ts'

/** `npm run bench -- services`: what it costs to ask for each request of a service, beside token-is-set and beside what people use instead. */

const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 5000 } as unknown as Context

/** Processor time of the two hot paths in microseconds, with a token seen before and the read answered from memory. */
const cpu = async (world: World, calls: number): Promise<Record<string, number>> => {
  Object.assign(process.env, world.environment)
  const on: Dependencies = { ...dependencies(world.environment), log: logTo('info', () => {}) }
  const shared = { ...on, table: remembering(on.table) }
  const asking = (handler: ReturnType<typeof authorize>, name: 'authorize' | 'token-is-set', more = {}) => {
    const text = JSON.stringify({ ...world.events[name], ...more })
    return { work: () => handler(JSON.parse(text), context), calls }
  }
  const rule = { rawQueryString: 'org=demo&unit=north&permission=content:write' }
  return costsOf({
    'token-is-set': asking(tokenIsSet(shared), 'token-is-set'),
    'authorize, org': asking(authorize(shared), 'authorize'),
    'authorize, org, unit and permission': asking(authorize(shared), 'authorize', rule),
  })
}

const folder = new URL('./peers/', import.meta.url)
const children: ChildProcess[] = []

const start = async (file: string, world: object, ...args: string[]): Promise<Ready> => {
  const child = fork(new URL(`${file}.mjs`, folder), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  children.push(child)
  child.send(world)
  return heard<Ready>(child)
}

/** The shipped nginx.conf; `asked: false` takes the guard out of it. */
const startNginx = async (gateway: Ready, page: Ready, asked: boolean): Promise<Ready> => {
  const port = await freePort()
  const home = mkdtempSync(join(tmpdir(), 'bench-nginx-'))
  const shipped = readFileSync(new URL('../docs/proxies/nginx.conf', import.meta.url), 'utf8')
  const placed = shipped
    .replace('listen localhost:8080;', `access_log off; listen localhost:${port};`)
    .replaceAll('localhost:8081', `localhost:${page.port}`)
    .replaceAll('localhost:3000', `localhost:${gateway.port}`)
  const file = join(home, 'nginx.conf')
  writeFileSync(file, asked ? placed : placed.replace('auth_request /_imid;', ''))
  const main = `daemon off; pid ${join(home, 'pid')}; error_log stderr error;`
  const child = spawn('nginx', ['-p', home, '-c', file, '-g', main], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  children.push(child)
  child.once('exit', () => rmSync(home, { recursive: true, force: true }))
  await new Promise((resolve) => setTimeout(resolve, 500))
  return { ...gateway, port }
}

/** Requests a second over eight connections: medians of short stretches, all in each round. */
const rates = async (world: World, rounds: number, milliseconds: number) => {
  const gateway = await start('imsg', world, 'memory', 'authorize')
  const page = await start('bare', world)
  const asking = { ...world, gateway: `http://127.0.0.1:${gateway.port}` }
  const behind = async (asked: boolean) => startNginx(gateway, page, asked)
  const rows = {
    'a page by itself': page,
    ...(missing('nginx')
      ? {}
      : {
          'the page behind nginx, nobody asked': await behind(false),
          'the page behind nginx with /authorize': await behind(true),
        }),
    'Express with the library': await start('express-service', asking, '2'),
    'Express with the library, nothing remembered': await start('express-service', asking, '0'),
    'Express with express-openid-connect': await start('express-openid-connect', world),
  }
  const found: Record<string, number[]> = {}
  for (let round = 0; round <= rounds; round++)
    for (const [name, ready] of Object.entries(rows)) {
      const began = performance.now()
      const answered = await stretch(ready, milliseconds)
      // The first round is for the compilers.
      if (round > 0) found[name] = [...(found[name] ?? []), (answered * 1000) / (performance.now() - began)]
    }
  return Object.fromEntries(Object.entries(found).map(([name, list]) => [name, Math.round(median(list))]))
}

const world = await openWorld()
const microseconds = await cpu(world, 4000)
const perSecond = await rates(world, 7, 700)
world.close()
for (const child of children) child.kill()
console.table(microseconds)
console.table(perSecond)
