import { join, resolve } from 'node:path'
import { App, CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import { HttpApi, HttpMethod, HttpRoute, HttpRouteKey } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms'
import { Code, type Function as Lambda } from 'aws-cdk-lib/aws-lambda'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import cdk from '../../cdk.json' with { type: 'json' }
import { loggedStage } from '../../infra/api.ts'
import { domain } from '../../infra/domain.ts'
import { lambdaFunction } from '../../infra/functions.ts'
import { table as makeTable } from '../../infra/table.ts'
import { alarmTopic } from '../../infra/topic.ts'
import { routes } from '../routes.ts'
import { addAlarms, addDashboard } from './alarms.ts'
import { bundleAll, functionNames, organisationsName } from './bundling.ts'
import { grants, type Resources } from './grants.ts'
import { type Deployment, readDeployment } from './settings.ts'

/** Seconds. Requests to a provider have a deadline of ten while a person waits. */
const timeouts: Readonly<Record<string, number>> = { login: 12, 'login-callback': 15 }
/**
 * Memory also sets the processor share: a provider's logout must be answered within 2.5 s of a cold start.
 */
const memory: Readonly<Record<string, number>> = { 'provider-logout': 1024 }

/** Requests a second: people sign in here, and gateways ask for keys by the minute. */
const throttle = { rateLimit: 50, burstLimit: 100 }

/** The identity service: its route table in, constructs out. */
export class ImsgIdentity extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { deployment, bundles }: Readonly<{ deployment: Deployment; bundles: string }>,
    props?: StackProps,
  ) {
    super(scope, id, props)
    const { settings, given, certificateArn, hostedZoneId } = deployment
    const ownDomain = domain(this, { config: { publicUrl: settings.url }, certificateArn, hostedZoneId })
    const api = new HttpApi(this, 'api', {
      apiName: this.stackName,
      description: 'imsg-identity: sign in with any OpenID Connect provider',
      createDefaultStage: false,
      disableExecuteApiEndpoint: ownDomain !== undefined,
    })
    // Named apart from the gateway's table, with which it may share a database on one machine.
    const table = makeTable(new Construct(this, 'sessions'), undefined)
    const secret = this.#clientSecrets()
    const keys = settings.signingKeys.map(({ made }) => ({ made, key: this.#signingKey(made) }))
    const keyArns = keys.map(({ key }) => key.keyArn)
    const url = given.IDENTITY_URL ?? `https://${api.apiId}.execute-api.${this.region}.${this.urlSuffix}`
    const environment = {
      ...given,
      IDENTITY_URL: url,
      ORGANISATIONS: organisationsName,
      SIGNING_KEYS: keys.map(({ made, key }) => `${made}=${key.keyArn}`).join(','),
      METRICS_NAMESPACE: this.stackName,
    }
    const resources: Resources = {
      table: table.tableArn,
      gatewayTables: deployment.gatewayTables.map((name) =>
        this.formatArn({ service: 'dynamodb', resource: 'table', resourceName: name }),
      ),
      secret: secret.secretArn,
      signingKey: keyArns[0] ?? '',
      keys: keyArns,
    }
    const own: Readonly<Record<string, Record<string, string>>> = {
      'login-callback': { TABLE_NAME: table.tableName, CLIENT_SECRETS: secret.secretArn },
      'provider-logout': { TABLE_NAME: table.tableName, GATEWAY_TABLES: deployment.gatewayTables.join(',') },
    }
    const functions: Record<string, Lambda> = {}
    for (const name of functionNames)
      functions[name] = lambdaFunction(this, name, {
        code: Code.fromAsset(join(bundles, name)),
        description: Object.values(routes).find((row) => row.function === name)?.summary ?? name,
        environment: { ...environment, ...own[name] },
        statements: grants[name]?.(resources) ?? [],
        memorySize: memory[name] ?? 512,
        timeout: Duration.seconds(timeouts[name] ?? 5),
      })

    loggedStage(this, api, throttle, ownDomain).node.addDependency(...this.#routes(api, functions))
    const topic = alarmTopic(this, deployment.alarmEmail)
    const all = addAlarms(this, { topic, functions, organisations: deployment.organisations })
    addDashboard(this, deployment.gatewayNamespace, all)
    new CfnOutput(this, 'IdentityUrl', { value: url })
    new CfnOutput(this, 'ClientSecrets', { value: secret.secretArn })
  }

  /** One member per organisation. The stack creates the secret; the operator puts the client secrets in. */
  #clientSecrets(): Secret {
    return new Secret(this, 'client-secrets', {
      description: 'Client secrets at the providers: one member for each organisation',
      generateSecretString: { secretStringTemplate: '{}', generateStringKey: 'nobody' },
      removalPolicy: RemovalPolicy.RETAIN,
    })
  }

  /** Retained when it leaves the settings or the stack is deleted. */
  #signingKey(made: string): Key {
    return new Key(this, `signing-key-${made}`, {
      description: `Signs ID tokens of ${this.stackName}; published since ${made}`,
      keySpec: KeySpec.RSA_2048,
      keyUsage: KeyUsage.SIGN_VERIFY,
      removalPolicy: RemovalPolicy.RETAIN,
    })
  }

  #routes(api: HttpApi, functions: Readonly<Record<string, Lambda>>): HttpRoute[] {
    return Object.entries(routes).flatMap(([name, row]) => {
      const handler = functions[row.function]
      if (handler === undefined) return []
      return new HttpRoute(api, name, {
        httpApi: api,
        routeKey:
          row.path === '$default'
            ? HttpRouteKey.DEFAULT
            : HttpRouteKey.with(row.path, HttpMethod[row.method]),
        integration: new HttpLambdaIntegration(name, handler),
      })
    })
  }
}

// The CDK CLI brings all of this itself; given here too, plain Node makes the same template.
const context = {
  ...cdk.context,
  'aws:cdk:enable-asset-metadata': true,
  'aws:cdk:enable-path-metadata': true,
}

/**
 * The stack of these settings in an app that synthesises into `outdir`. Its bundles go beside that folder.
 * Throws `ConfigError`.
 */
export const stackOf = async (
  env: Readonly<Record<string, string | undefined>>,
  outdir: string,
): Promise<Readonly<{ app: App; stack: ImsgIdentity }>> => {
  const deployment = readDeployment(env)
  // The CDK CLI names a folder below its own, which esbuild would look for elsewhere.
  const bundles = resolve(`${outdir}-bundles`)
  await bundleAll(bundles, deployment.settings.organisationsFile)
  const app = new App({ outdir, context })
  const id = ['ImsgIdentity', deployment.stage].filter(Boolean).join('-')
  return { app, stack: new ImsgIdentity(app, id, { deployment, bundles }) }
}
