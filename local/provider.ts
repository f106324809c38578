import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { addressOf, type Certificate } from './https.ts'
import { CannotStart, type Options } from './options.ts'
import { type Stack, startStack } from './stack.ts'
import { root } from './synthesis.ts'

/**
 * `npm start -- --provider`: the gateway with the service of `identity/` and a real OpenID Connect provider.
 */

/**
 * The result of `identity/local/stack.ts`. Not imported, because the root installs nothing of `identity/`.
 */
type IdentityStack = Readonly<{
  url: string
  providerUrl: string
  organisationsFile: string
  databaseUrl: string
  useGatewayTable: (name: string) => void
  close: () => Promise<void>
}>
type Start = (options: {
  gatewayUrl: string
  outdir: string
  port: number
  providerPort: number
  dataDir?: string | undefined
  certificate?: Certificate | undefined
  siteName?: string | undefined
  organisations?: object | undefined
  log: (line: string) => void
}) => Promise<IdentityStack>

/** The running gateway, and the addresses of the other services. */
export type ProviderStack = Stack & Readonly<{ providerUrl: string }>

const install = (log: (line: string) => void): void => {
  const folder = join(root, 'identity')
  if (existsSync(join(folder, 'node_modules', 'openid-client'))) return
  log('installing identity/ ...')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status !== 0)
    throw new CannotStart('identity/ could not be installed: npm --prefix identity ci says why.')
}

const startIdentity = async (options: Parameters<Start>[0]): Promise<IdentityStack> => {
  install(options.log)
  const file = pathToFileURL(join(root, 'identity', 'local', 'stack.ts')).href
  const { startIdentityStack } = (await import(file)) as { startIdentityStack: Start }
  return startIdentityStack(options)
}

/**
 * Starts everything, or closes what was started and throws. The gateway needs a port that is known before it
 * starts.
 */
export const startWithProvider = async (
  options: Options,
  providerPort: number,
  organisations?: object,
): Promise<ProviderStack> => {
  const { port = 3000, idpPort = 4000, dataDir, log = () => {}, env = {}, certificate } = options
  if (port === 0) throw new CannotStart('PORT 0 does not go with --provider, which is told the port first.')
  const gatewayUrl = addressOf('gateway', port, certificate)
  const outdir = join(root, '.local', `${port}-identity`)
  const identity = await startIdentity({
    gatewayUrl,
    outdir,
    port: idpPort,
    providerPort,
    dataDir,
    certificate,
    siteName: env.SITE_NAME,
    organisations,
    log,
  })
  const settings = {
    IMAS_URL: identity.url,
    IMAS_LOGOUT_PATH: '/v1/org/{org}/logout',
    ORGANISATIONS: identity.organisationsFile,
    TOKEN_ISSUER: identity.url,
    TOKEN_AUDIENCE: gatewayUrl,
    AWS_ENDPOINT_URL_DYNAMODB: identity.databaseUrl,
  }
  try {
    const stack = await startStack({ ...options, env: { ...env, ...settings } })
    identity.useGatewayTable(stack.tableName)
    return {
      ...stack,
      providerUrl: identity.providerUrl,
      identityUrl: identity.url,
      close: async () => {
        await stack.close()
        await identity.close()
      },
    }
  } catch (error) {
    await identity.close()
    throw error
  }
}
