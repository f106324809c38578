import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { advice, readDeployment } from '../infra/settings.ts'
import { ConfigError, settings } from '../lib/config.ts'
import { Closers } from './closers.ts'
import { createTables } from './database.ts'
import { demo, errorsPath } from './demo/server.ts'
import { Gateway } from './gateway.ts'
import { addressOf, sharedDomain } from './https.ts'
import type { InvocationResult } from './instances.ts'
import { deferredListener, listenOnLoopback } from './listening.ts'
import { CannotStart, credentialsFrom, type Options, type Texts, textsFrom } from './options.ts'
import { openPlatform, type Platform, takePort } from './platform.ts'
import { runEvery, runOnce } from './schedules.ts'
import { root, synthesise } from './synthesis.ts'
import type { Plan } from './template.ts'
import { watchSources } from './watching.ts'

/** A running local stack. */
export type Stack = Readonly<{
  /** The address at which browsers reach the gateway. */
  url: string
  /** The address of the identity stand-in, if it runs. */
  identityUrl: string | undefined
  /** The address of the stand-in for Lambda's Invoke API. */
  awsUrl: string
  databaseUrl: string
  /** The gateway's table in it. */
  tableName: string
  /** Calls a function by its name. */
  invoke: (name: string, event?: object) => Promise<InvocationResult>
  /** Replaces the instances of one function or of all. */
  restart: (name?: string) => void
  close: () => Promise<void>
}>

/** Returns a function that applies a plan and returns the names of new and changed functions. */
const deployer = (platform: Platform, gateway: Gateway, everySeconds: number, closers: Closers) => {
  let stopSchedules = () => {}
  closers.add(() => stopSchedules())

  return async ({ tables, functions, routes, cors, scheduled }: Plan): Promise<string[]> => {
    await createTables(platform.databaseUrl, tables)
    const changed = platform.functions.use(functions)
    gateway.use({ routes, cors })
    stopSchedules()
    stopSchedules = runEvery(platform.functions, scheduled, everySeconds)
    return changed
  }
}

const demoFor = (gateway: string, { COOKIE_NAME }: Texts, standIn: boolean) =>
  demo({ gateway, cookieName: COOKIE_NAME ?? settings.COOKIE_NAME.default ?? '', standIn })

/** Throws for invalid settings, before anything is synthesised. */
const checkSettings = (texts: Texts): void => {
  try {
    readDeployment(texts)
  } catch (error) {
    throw error instanceof ConfigError ? new CannotStart(`${error.message}\n${advice}`) : error
  }
}

const start = async (options: Options, closers: Closers): Promise<Stack> => {
  const { env = {}, log = () => {}, refreshEvery = 10, signal, certificate } = options
  const credentials = credentialsFrom(env)

  const { listener, open } = deferredListener()
  const listen = (port: number) => listenOnLoopback(listener, port, certificate)
  const front = await takePort(listen, options.port ?? 3000, 'PORT')
  closers.add(front.close)
  const platform = await openPlatform(options, credentials, closers)
  const { functions, identityUrl, awsUrl, databaseUrl } = platform
  const url = addressOf('gateway', front.port, certificate)
  const shared = certificate && { COOKIE_DOMAIN: sharedDomain }
  const texts = textsFrom({ ERRORS_URL: url + errorsPath, ...shared, ...env }, url, identityUrl)

  checkSettings(texts)
  const gateway = new Gateway(functions, demoFor(url, texts, identityUrl !== undefined))
  const deploy = deployer(platform, gateway, refreshEvery, closers)
  const outdir = join(root, '.local', String(front.port))
  if (options.port === 0) closers.add(() => rm(outdir, { recursive: true, force: true }))
  const wanted = { outdir, texts, log, signal }
  const plan = await synthesise(wanted)
  await deploy(plan)
  await runOnce(functions, plan.scheduled)

  if (options.watch) closers.add(watchSources(async () => deploy(await synthesise(wanted)), log))
  open(gateway.listener)
  return {
    url,
    identityUrl,
    awsUrl,
    databaseUrl,
    tableName: plan.tables[0]?.name ?? '',
    invoke: async (name, event = {}) => {
      const outcome = functions.invoke(name, JSON.stringify(event))
      if (!outcome) throw new TypeError(`There is no function ${name}.`)
      return outcome
    },
    restart: (name) => functions.restart(name),
    close: () => closers.close(),
  }
}

/** Starts everything, or closes what was started and throws. */
export const startStack = async (options: Options = {}): Promise<Stack> => {
  const closers = new Closers()
  try {
    return await start(options, closers)
  } catch (error) {
    await closers.close()
    throw error
  }
}
