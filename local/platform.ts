import { awsCalls, type Credentials } from './aws.ts'
import type { Closers } from './closers.ts'
import { localAws, openDynalite } from './database.ts'
import { Functions } from './functions.ts'
import { addressOf } from './https.ts'
import { startIdentity } from './identity/server.ts'
import { deferredListener, isForbidden, isTaken, listenOnLoopback } from './listening.ts'
import { CannotStart, hasIdentity, type Options } from './options.ts'

/** The dependencies of the functions: identity services, database and AWS calls. */
export type Platform = Readonly<{
  functions: Functions
  identityUrl: string | undefined
  awsUrl: string
  databaseUrl: string
}>

/** Listens on a port. Throws `CannotStart` with the variable that chooses another one. */
export const takePort = async <T>(
  take: (port: number) => Promise<T>,
  port: number,
  variable: string,
): Promise<T> => {
  try {
    return await take(port)
  } catch (error) {
    if (isForbidden(error))
      throw new CannotStart(
        `Port ${port} needs rights that this process does not have. Set ${variable} to one above 1023.`,
      )
    if (!isTaken(error)) throw error
    throw new CannotStart(
      `Port ${port} is taken. Set ${variable} to another one, or stop what listens there.`,
    )
  }
}

const openIdentity = async (options: Options, credentials: Credentials, closers: Closers) => {
  if (hasIdentity(options.env ?? {})) return undefined
  const { certificate } = options
  const start = (port: number) => startIdentity({ port, ...credentials, tls: certificate })
  const identity = await takePort(start, options.idpPort ?? 4000, 'IDP_PORT')
  closers.add(identity.close)
  return certificate ? addressOf('identity', Number(new URL(identity.url).port), certificate) : identity.url
}

const openDatabase = async ({ env = {}, dataDir }: Options, closers: Closers): Promise<string> => {
  const { AWS_ENDPOINT_URL_DYNAMODB: given } = env
  if (given) return given
  const database = await openDynalite(dataDir)
  closers.add(database.close)
  return database.url
}

/** Starts the dependencies. Everything that was started is in `closers`, even after a failure. */
export const openPlatform = async (
  options: Options,
  credentials: Credentials,
  closers: Closers,
): Promise<Platform> => {
  const identityUrl = await openIdentity(options, credentials, closers)
  const databaseUrl = await openDatabase(options, closers)
  const { listener, open } = deferredListener()
  const aws = await listenOnLoopback(listener, 0)
  closers.add(aws.close)
  const awsUrl = `http://127.0.0.1:${aws.port}`

  const dependencies = {
    ...localAws,
    AWS_ENDPOINT_URL_DYNAMODB: databaseUrl,
    AWS_ENDPOINT_URL_LAMBDA: awsUrl,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: awsUrl,
    ...(options.certificate && { NODE_EXTRA_CA_CERTS: options.certificate.files.authority }),
  }
  const functions = new Functions(dependencies, options.log ?? (() => {}))
  closers.add(() => functions.stop())
  open(awsCalls(functions, credentials))
  return { functions, identityUrl, awsUrl, databaseUrl }
}
