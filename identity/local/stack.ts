import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Closers } from '../../local/closers.ts'
import type { Template } from '../../local/cloudformation.ts'
import { createTables, localAws, openDynalite } from '../../local/database.ts'
import { Functions, type Log } from '../../local/functions.ts'
import { Gateway } from '../../local/gateway.ts'
import { addressOf, type Certificate } from '../../local/https.ts'
import { deferredListener, listenOnLoopback } from '../../local/listening.ts'
import { takePort } from '../../local/platform.ts'
import { type Plan, planFrom } from '../../local/template.ts'
import { stackOf } from '../infra/stack.ts'
import { clientFor, clientSecret, organisationsDocument, people } from './demo.ts'
import { startKms } from './kms.ts'
import { startProvider } from './provider.ts'

/**
 * What `npm start -- --provider` runs beside the gateway: the bundles of this service, wired as in the
 * synthesised template, and a real provider.
 */

type IdentityOptions = Readonly<{
  /** Where browsers reach the gateway. */
  gatewayUrl: string
  /** A folder for the template and the bundles. */
  outdir: string
  port: number
  providerPort: number
  dataDir?: string | undefined
  /** Serves https, below the domain that the gateway is in too. */
  certificate?: Certificate | undefined
  /** `SITE_NAME` of both services. */
  siteName?: string | undefined
  log: Log
  /** An organisations document instead of our own provider's. */
  organisations?: object | undefined
}>

const planOf = async (env: Readonly<Record<string, string>>, assembly: string): Promise<Plan> => {
  const { app, stack } = await stackOf(env, assembly)
  const template: Template = app.synth().getStackByName(stack.stackName).template
  return planFrom(template, assembly)
}

/** Starts it, with the database that the gateway is to use too. */
export const startIdentityStack = async (options: IdentityOptions) => {
  const { gatewayUrl, outdir, log, certificate } = options
  const closers = new Closers()
  try {
    mkdirSync(outdir, { recursive: true })
    const { listener, open } = deferredListener()
    const listen = (port: number) => listenOnLoopback(listener, port, certificate)
    const front = await takePort(listen, options.port, 'IDP_PORT')
    closers.add(front.close)
    const url = addressOf('identity', front.port, certificate)
    const start = (port: number) => startProvider({ port, clients: [clientFor(url)], people: people(), log })
    const provider = await takePort(start, options.providerPort, 'PROVIDER_PORT')
    closers.add(provider.close)
    const aws = await startKms(JSON.stringify({ demo: clientSecret }))
    closers.add(aws.close)
    const database = await openDynalite(options.dataDir)
    closers.add(database.close)

    const file = join(outdir, 'organisations.json')
    const document = options.organisations ?? organisationsDocument(provider.issuer)
    writeFileSync(file, JSON.stringify(document, null, 2))
    const env = {
      IDENTITY_URL: url,
      PUBLIC_URL: gatewayUrl,
      ORGANISATIONS: file,
      SIGNING_KEYS: '2026-11-27',
      GATEWAY_TABLES: 'named-later',
      ALLOWED_CALLBACK_ORIGINS: gatewayUrl,
      ...(options.siteName && { SITE_NAME: options.siteName }),
    }
    log('synthesising the identity service ...')
    const plan = await planOf(env, join(outdir, 'cdk.out'))
    await createTables(database.url, plan.tables)
    const dependencies: Record<string, string> = {
      ...localAws,
      AWS_ENDPOINT_URL_DYNAMODB: database.url,
      AWS_ENDPOINT_URL_KMS: aws.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.url,
      ...(certificate && { NODE_EXTRA_CA_CERTS: certificate.files.authority }),
    }
    const functions = new Functions(dependencies, log)
    closers.add(() => functions.stop())
    functions.use(plan.functions)
    const gateway = new Gateway(functions)
    gateway.use(plan)
    open(gateway.listener)
    return {
      url,
      providerUrl: provider.issuer,
      organisationsFile: file,
      databaseUrl: database.url,
      /** Names the gateway's table, once it is there: sessions are ended in it. */
      useGatewayTable: (name: string) => {
        dependencies.GATEWAY_TABLES = name
      },
      close: () => closers.close(),
    }
  } catch (error) {
    await closers.close()
    throw error
  }
}
