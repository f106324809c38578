import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CannotStart } from './options.ts'

/** `npm start -- --https`: the addresses of the services, and the certificate that they share. */

/** The domain of the session cookie. Services below it receive the cookie, like siblings of a deployment. */
export const sharedDomain = 'imsg.localhost'

/** The certificate of `*.imsg.localhost` and of its authority, as PEM. Only with `npm start -- --https`. */
export type Certificate = Readonly<{
  key: string
  cert: string
  authority: string
  /** The files of `cert` and `authority`. */
  files: Readonly<{ cert: string; authority: string }>
  madeBy: 'mkcert' | 'openssl'
}>

/** The address at which browsers reach a service. */
export const addressOf = (
  service: 'gateway' | 'identity',
  port: number,
  certificate: Certificate | undefined,
): string => (certificate ? `https://${service}.${sharedDomain}:${port}` : `http://localhost:${port}`)

const names = [sharedDomain, `*.${sharedDomain}`]

/** The output of a program, or undefined when it is not installed. */
const saidBy = (program: string, args: readonly string[], env: NodeJS.ProcessEnv): string | undefined => {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env })
  if (error) return undefined
  if (status !== 0) throw new CannotStart(`${program} made no certificate: ${stderr.trim()}`)
  return stdout.trim()
}

const openssl = (key: string, cert: string): readonly string[] => [
  ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '365'],
  ...['-subj', '/CN=imsg-service on this machine', '-addext', `subjectAltName=DNS:${names.join(',DNS:')}`],
  ...['-keyout', key, '-out', cert],
]

/** Days for which a certificate must still be valid to be used again. */
const reserve = 7

const isGood = (file: string): boolean =>
  existsSync(file) &&
  Date.parse(new X509Certificate(readFileSync(file)).validTo) > Date.now() + reserve * 86_400_000

/**
 * The certificate in this folder. If it is missing or expires within a week, mkcert or openssl makes a new
 * one. Throws `CannotStart` when neither program is installed.
 */
export const certificateIn = (folder: string, env: NodeJS.ProcessEnv = process.env): Certificate => {
  mkdirSync(folder, { recursive: true })
  const authorities = saidBy('mkcert', ['-CAROOT'], env)
  const madeBy = authorities === undefined ? 'openssl' : 'mkcert'
  const [key, cert] = ['key', 'cert'].map((name) => join(folder, `${madeBy}-${name}.pem`)) as [string, string]
  if (!isGood(cert)) {
    const made =
      madeBy === 'mkcert'
        ? saidBy('mkcert', ['-key-file', key, '-cert-file', cert, ...names], env)
        : saidBy('openssl', openssl(key, cert), env)
    if (made === undefined)
      throw new CannotStart(
        'npm start -- --https needs mkcert or openssl to make a certificate, and finds neither. Install one of them.',
      )
  }
  const authority = authorities === undefined ? cert : join(authorities, 'rootCA.pem')
  const read = (file: string) => readFileSync(file, 'utf8')
  return { key: read(key), cert: read(cert), authority: read(authority), files: { cert, authority }, madeBy }
}
