import { Stack, type StackProps } from 'aws-cdk-lib'
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { type Route, routes } from '../lib/routes.ts'
import { addAlarms } from './alarms.ts'
import { addRoutes, httpApi, stage } from './api.ts'
import { dashboard } from './dashboard.ts'
import { domain } from './domain.ts'
import { environmentOf } from './environment.ts'
import { routeFunction } from './functions.ts'
import { addOutputs } from './outputs.ts'
import { schedule } from './schedule.ts'
import { credentialsSecret } from './secret.ts'
import { type Deployment, organisationsName } from './settings.ts'
import { table as makeTable } from './table.ts'
import { alarmTopic } from './topic.ts'

const { 'refresh-state': refreshRow, ...requestRows } = routes

/** The stack of the gateway, built from the route table. */
export class ImsgService extends Stack {
  constructor(scope: Construct, id: string, deployment: Deployment, props?: StackProps) {
    super(scope, id, props)
    const ownDomain = domain(this, deployment)
    const api = httpApi(this, deployment.config, ownDomain !== undefined)
    const table = makeTable(this, deployment.existingTable)
    const secret = deployment.config.adminApiUrl ? credentialsSecret(this) : undefined
    const ownAddress = `https://${api.apiId}.execute-api.${this.region}.${this.urlSuffix}`
    const { stackName, urlSuffix } = this
    const { tableName } = table
    const wiring = { ownAddress, urlSuffix, tableName, stackName, secret: secret?.secretArn }

    const refresh = routeFunction(this, 'refresh-state', refreshRow, {
      environment: environmentOf('refresh-state', refreshRow, deployment.given, wiring),
      resources: { table: table.tableArn, ...(secret && { secret: secret.secretArn }) },
      ...(deployment.organisations && { files: { [organisationsName]: deployment.organisations } }),
    })
    schedule(this, 'refresh-state', refreshRow.every, refresh)

    const functions: Record<string, Lambda> = { 'refresh-state': refresh }
    const wired = { ...wiring, refreshFunction: refresh.functionName }
    const resources = { table: table.tableArn, refreshFunction: refresh.functionArn }
    for (const [name, row] of Object.entries<Route>(requestRows)) {
      const environment = environmentOf(name, row, deployment.given, wired)
      functions[name] = routeFunction(this, name, row, { environment, resources })
    }
    stage(this, api, addRoutes(api, routes, functions), ownDomain)

    const measured = { api, table, functions, certificateArn: deployment.certificateArn }
    const alarms = addAlarms(this, measured, deployment, alarmTopic(this, deployment.alarmEmail))
    dashboard(this, measured, alarms)

    addOutputs(this, {
      publicUrl: deployment.given.PUBLIC_URL ?? ownAddress,
      ownAddress,
      regionalDomainName: ownDomain?.regionalDomainName,
      tableName,
      secret: secret?.secretArn,
    })
  }
}
