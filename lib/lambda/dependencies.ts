import { randomBytes } from 'node:crypto'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type Config, ConfigError, readConfig } from '../config.ts'
import { type Jar, jar } from '../http/cookies.ts'
import { type Log, logTo } from '../log.ts'
import { type Access, type AccessDeps, accessTo } from '../session/authenticate.ts'
import { type Organisations, organisationsOf } from '../state/organisation.ts'
import { type States, statesOf } from '../state/state.ts'
import { type Table, tableIn } from '../store/table.ts'
import { keyRequest } from './invoke-refresh.ts'

/** The dependencies of a function: settings, clock, randomness, table and log. */
export type Dependencies = Readonly<{
  config: Config
  table: Table
  states: States
  organisations: Organisations
  jar: Jar
  log: Log
  /** The CloudWatch namespace of this deployment's metrics. */
  metricsNamespace: string
  /** Seconds since the epoch. */
  now: () => number
  /** The given number of bytes from a CSPRNG, as base64url. */
  random: (bytes: number) => string
  /** Asks refresh-state for newer keys. Resolves when it has finished, successfully or not. */
  askForKeys: () => Promise<void>
}>

type Environment = Readonly<Record<string, string | undefined>>

/** The variables that the stack sets in addition to the settings. */
const wiring = (env: Environment) => {
  const { TABLE_NAME: tableName, REFRESH_FUNCTION: refreshFunction = '', AWS_REGION: region = '' } = env
  const { METRICS_NAMESPACE: metricsNamespace = 'imsg-service' } = env
  if (!tableName) throw new ConfigError(['TABLE_NAME is missing. The stack sets it.'])
  return { tableName, refreshFunction, region, metricsNamespace }
}

/**
 * Base URL of Lambda's API in this partition (`amazonaws.com.cn` in China), or of a local stand-in.
 */
export const lambdaEndpoint = ({ AWS_ENDPOINT_URL_LAMBDA, AWS_REGION, URL_SUFFIX }: Environment): string =>
  AWS_ENDPOINT_URL_LAMBDA || `https://lambda.${AWS_REGION}.${URL_SUFFIX}`

/** Replaces the SDK's stream collector, which opens standard error and adds 2 ms to a cold start. */
const streamCollector = async (stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

const client = (env: Environment, { emptyCredentials }: Config): DynamoDBClient =>
  new DynamoDBClient({
    ...(env.AWS_ENDPOINT_URL_DYNAMODB ? { endpoint: env.AWS_ENDPOINT_URL_DYNAMODB } : {}),
    ...(emptyCredentials ? { credentials: { accessKeyId: 'empty', secretAccessKey: 'empty' } } : {}),
    maxAttempts: 3,
    streamCollector,
    requestHandler: { connectionTimeout: 500, requestTimeout: 1000, throwOnRequestTimeout: true },
  })

/** Builds the dependencies from the environment, once per function instance. Throws `ConfigError`. */
export const dependencies = (env: Environment): Dependencies => {
  const config = readConfig(env)
  const { tableName, refreshFunction, region, metricsNamespace } = wiring(env)
  const now = () => Math.floor(Date.now() / 1000)
  return {
    config,
    table: tableIn(client(env, config), tableName),
    states: statesOf(config),
    organisations: organisationsOf(),
    jar: jar(config),
    log: logTo(config.logLevel),
    metricsNamespace,
    now,
    random: (bytes) => randomBytes(bytes).toString('base64url'),
    askForKeys: keyRequest({
      functionName: refreshFunction,
      region,
      endpoint: lambdaEndpoint(env),
      now,
    }),
  }
}

/** Authentication with these dependencies. `also` names further keys to read in the same call. */
export const accessIn = (on: Dependencies, also: AccessDeps['also'] = () => []): Access =>
  accessTo({ ...on, also })
