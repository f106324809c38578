import { join } from 'node:path'
import { isJsonObject } from '../lib/json-object.ts'
import { reader, type Template } from './cloudformation.ts'
import type { Cors } from './cors.ts'
import type { Route } from './routing.ts'

/**
 * A function of the template, with everything needed to run it. Plain data, so that versions can be compared.
 */
export type Definition = Readonly<{
  id: string
  /** The id of its construct, which is the name of its route. */
  name: string
  folder: string
  handler: string
  timeoutSeconds: number
  memoryMegabytes: number
  variables: Readonly<Record<string, string>>
}>

/** A table, as parameters of CreateTable. */
export type Table = Readonly<{ name: string; properties: Readonly<Record<string, unknown>> }>

/** The parts of a template that the local stack runs. */
export type Plan = Readonly<{
  functions: readonly Definition[]
  routes: readonly Route<string>[]
  cors: Cors | undefined
  /** The functions that are called on a schedule, which is that of `npm start` here. */
  scheduled: readonly string[]
  tables: readonly Table[]
}>

const unhashed = (logicalId: string): string => logicalId.replace(/[0-9A-F]{8}$/, '')

const definitions = ({ all, text }: ReturnType<typeof reader>, folder: string): Definition[] =>
  all(/^AWS::Lambda::Function$/).flatMap(([id, { Metadata = {} }, properties]) => {
    const { Handler, Timeout = 3, MemorySize = 128, Environment } = properties
    const asset = Metadata['aws:asset:path']
    // Only functions with an asset can run. CDK's helpers have inline code.
    if (typeof asset !== 'string') return []
    const { Variables } = isJsonObject(Environment) ? Environment : {}
    const variables = isJsonObject(Variables) ? Variables : {}
    const path = Metadata['aws:cdk:path']
    return {
      id,
      name: typeof path === 'string' ? (path.split('/').at(-2) ?? id) : unhashed(id),
      folder: join(folder, asset),
      handler: String(Handler),
      timeoutSeconds: Number(Timeout),
      memoryMegabytes: Number(MemorySize),
      variables: Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, text(value)])),
    }
  })

const routesOf = (
  template: Template,
  { all, text, functionIn }: ReturnType<typeof reader>,
): Route<string>[] =>
  all(/^AWS::ApiGatewayV2::Route$/).map(([, , { RouteKey, Target }]) => {
    const integration = template.Resources[text(Target).split('/').at(-1) ?? '']?.Properties ?? {}
    return { key: String(RouteKey), to: functionIn(integration.IntegrationUri) }
  })

const scheduledIn = ({ all, functionIn }: ReturnType<typeof reader>): string[] =>
  all(/^AWS::Events::Rule$/).flatMap(([, , { ScheduleExpression, Targets }]) =>
    ScheduleExpression !== undefined && Array.isArray(Targets)
      ? Targets.filter(isJsonObject).map(({ Arn }) => functionIn(Arn))
      : [],
  )

const tableOf = (id: string, properties: Readonly<Record<string, unknown>>): Table => {
  const { TableName = id, KeySchema, AttributeDefinitions } = properties
  return {
    name: String(TableName),
    properties: { KeySchema, AttributeDefinitions, BillingMode: 'PAY_PER_REQUEST' },
  }
}

/** Reads a template with its assets in `folder`. */
export const planFrom = (template: Template, folder: string): Plan => {
  const read = reader(template)
  const [, , { CorsConfiguration: cors } = {}] = read.all(/^AWS::ApiGatewayV2::Api$/)[0] ?? []
  return {
    functions: definitions(read, folder),
    routes: routesOf(template, read),
    cors: isJsonObject(cors) ? cors : undefined,
    scheduled: scheduledIn(read),
    tables: read
      .all(/^AWS::DynamoDB::(GlobalTable|Table)$/)
      .map(([id, , properties]) => tableOf(id, properties)),
  }
}
