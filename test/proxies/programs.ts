import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isOpen, until } from '../support/ports.ts'

/** Starts nginx and Caddy with the configurations in docs/proxies. Only addresses are changed. */

/** Ports at localhost. */
export type Ports = Readonly<{ proxy: number; gateway: number; service: number }>

/** A gateway behind TLS, and the file of the trusted authority. */
export type Tls = Readonly<{ host: string; authority: string }>

export type Running = Readonly<{ url: string; log: () => string; stop: () => Promise<void> }>

const shipped = (name: string): string =>
  readFileSync(new URL(`../../docs/proxies/${name}`, import.meta.url), 'utf8')

/** Replaces every occurrence. Throws unless there are as many as expected. */
const replaced = (text: string, from: string, to: string, times: number): string => {
  const parts = text.split(from)
  if (parts.length !== times + 1)
    throw new Error(`"${from}" is there ${parts.length - 1} times, not ${times}`)
  return parts.join(to)
}

const nginxConfiguration = ({ proxy, gateway, service }: Ports, tls: Tls | undefined): string => {
  const text = replaced(shipped('nginx.conf'), 'listen localhost:8080;', `listen localhost:${proxy};`, 1)
  const placed = replaced(text, 'server localhost:8081 ', `server localhost:${service} `, 1)
  const asking = replaced(placed, 'server localhost:3000 ', `server localhost:${gateway} `, 1)
  if (tls === undefined)
    return replaced(asking, 'default localhost:3000;', `default localhost:${gateway};`, 1)
  const named = replaced(asking, 'default localhost:3000;', `default ${tls.host};`, 1)
  const secured = replaced(named, 'default http;', 'default https;', 1)
  return replaced(secured, '/etc/ssl/certs/ca-certificates.crt', tls.authority, 1)
}

const running = async (child: ChildProcess, port: number, folder: string): Promise<Running> => {
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  if (await until(() => isOpen(port), child)) return { url: `http://localhost:${port}`, log: () => log, stop }
  if (child.exitCode === null) await stop()
  throw new Error(`${child.spawnfile} does not listen: ${log}`)
}

const startNginx = (ports: Ports, tls?: Tls): Promise<Running> => {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'))
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, nginxConfiguration(ports, tls))
  const main = `daemon off; pid ${join(folder, 'pid')}; error_log stderr warn;`
  const child = spawn('nginx', ['-p', folder, '-c', file, '-g', main], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return running(child, ports.proxy, folder)
}

const startCaddy = ({ proxy, gateway, service }: Ports, tls?: Tls): Promise<Running> => {
  const folder = mkdtempSync(join(tmpdir(), 'caddy-'))
  const file = new URL('../../docs/proxies/Caddyfile', import.meta.url).pathname
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    SITE: `http://localhost:${proxy}`,
    SERVICE: `localhost:${service}`,
    GATEWAY: tls === undefined ? `http://localhost:${gateway}` : `https://${tls.host}:${gateway}`,
    GATEWAY_HOST: tls?.host ?? `localhost:${gateway}`,
    ...(tls && { SSL_CERT_FILE: tls.authority }),
  }
  const child = spawn('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return running(child, proxy, folder)
}

export const proxies = { nginx: startNginx, caddy: startCaddy } as const

/** Why the tests of a program are skipped, or false. */
export const missing = (program: string): string | false => {
  try {
    execFileSync('which', [program], { stdio: 'ignore' })
    return false
  } catch {
    return `not run: there is no ${program} on this machine (Debian: apt-get install ${program})`
  }
}
