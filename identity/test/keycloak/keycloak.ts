import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * Keycloak on this machine: its distribution from Maven Central, pinned by digest, with one realm imported.
 * Needs Java 17, Maven, unzip.
 */

const version = '26.7.3'
const digest = '27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f'
const cache = join(import.meta.dirname, '..', '..', '..', '.local', 'keycloak')

const run = (command: string, args: readonly string[]): void => {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`${command} ${args[0]} failed ${error?.message ?? ''}`)
}

/** The unpacked distribution: fetched once, and run only if its digest is the pinned one. */
const distribution = (): string => {
  const folder = join(cache, `keycloak-${version}`)
  const archive = join(cache, `keycloak-quarkus-dist-${version}.zip`)
  mkdirSync(cache, { recursive: true })
  if (!existsSync(archive))
    run('mvn', [
      '-q',
      '-B',
      'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy',
      `-Dartifact=org.keycloak:keycloak-quarkus-dist:${version}:zip`,
      `-DoutputDirectory=${cache}`,
    ])
  const found = createHash('sha256').update(readFileSync(archive)).digest('hex')
  if (found !== digest) throw new Error('the digest of the Keycloak archive is not the pinned one')
  rmSync(folder, { recursive: true, force: true })
  run('unzip', ['-q', '-o', archive, '-d', cache])
  return folder
}

const stopped = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return
  const gone = once(child, 'exit')
  // The script starts Java in its own place, so this ends Java.
  child.kill('SIGTERM')
  await Promise.race([gone, pause(10_000)])
  child.kill('SIGKILL')
}

/** Starts it at 127.0.0.1 and answers when the realm can be discovered. */
export const startKeycloak = async (port: number, texts: Readonly<Record<string, string>>) => {
  const folder = distribution()
  let realm = readFileSync(join(import.meta.dirname, 'realm.json'), 'utf8')
  for (const [name, text] of Object.entries(texts)) realm = realm.replaceAll(name, text)
  mkdirSync(join(folder, 'data', 'import'), { recursive: true })
  writeFileSync(join(folder, 'data', 'import', 'realm.json'), realm)
  const child = spawn(
    join(folder, 'bin', 'kc.sh'),
    ['start-dev', '--http-host=127.0.0.1', `--http-port=${port}`, '--import-realm'],
    { env: { ...process.env, JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m' }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000)
    })
  const issuer = `http://127.0.0.1:${port}/realms/demo`
  const close = () => stopped(child)
  for (let second = 0; second < 480 && child.exitCode === null; second++) {
    const answer = await fetch(`${issuer}/.well-known/openid-configuration`).catch(() => undefined)
    if (answer?.status === 200) return { issuer, close }
    await pause(1000)
  }
  await close()
  throw new Error(`Keycloak did not start: ${said}`)
}

// `npm run keycloak:fetch` only fetches it.
if (import.meta.main) distribution()
