import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway'
import {
  CfnStage,
  CorsHttpMethod,
  type DomainName,
  HttpApi,
  HttpMethod,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { Config } from '../lib/config.ts'
import { type HttpRouteName, methodsAndPaths, type Route, routes } from '../lib/routes.ts'
import { countInAccessLog } from './access-log.ts'

type Throttle = { rateLimit: number; burstLimit: number }

/**
 * Limits in requests a second. Open editors poll token-is-set, and proxies ask authorize for each request.
 */
export const throttle = {
  default: { rateLimit: 100, burstLimit: 200 },
  routes: {
    'token-is-set': { rateLimit: 500, burstLimit: 1000 },
    authorize: { rateLimit: 500, burstLimit: 1000 },
    health: { rateLimit: 20, burstLimit: 40 },
  },
} as const satisfies { default: Throttle; routes: Partial<Record<HttpRouteName, Throttle>> }

/**
 * Fields of the access log. It has the route key instead of the path, so it never contains an organisation,
 * query string, cookie, token, referrer or IP address.
 */
export const accessLogFields = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  route: '$context.routeKey',
  protocol: '$context.protocol',
  status: '$context.status',
  latency: '$context.responseLatency',
  length: '$context.responseLength',
  integrationStatus: '$context.integrationStatus',
  integrationLatency: '$context.integrationLatency',
  integrationError: '$context.integrationErrorMessage',
  error: '$context.error.responseType',
} as const

const cors = ({ corsOrigins, corsHeaders }: Config) =>
  corsOrigins.length === 0
    ? {}
    : {
        corsPreflight: {
          allowOrigins: [...corsOrigins],
          allowHeaders: [...corsHeaders],
          allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST],
          allowCredentials: true,
          maxAge: Duration.hours(1),
        },
      }

/** The API without its routes, because functions need its address. */
export const httpApi = (scope: Construct, config: Config, ownDomain: boolean): HttpApi =>
  new HttpApi(scope, 'api', {
    apiName: Stack.of(scope).stackName,
    description: 'imsg-service: login, session cookie, units, logout, health',
    createDefaultStage: false,
    // With a domain of its own, a second host name would be a second cookie scope.
    disableExecuteApiEndpoint: ownDomain,
    ...cors(config),
  })

type Rows = Readonly<Record<string, Route>>

/**
 * Construct ids and route keys of a row. Without a $default route, API Gateway's own 404 lacks our headers.
 */
const routeKeysOf = (name: string, row: Route): [id: string, HttpRouteKey][] =>
  'unmatched' in row
    ? [[name, HttpRouteKey.DEFAULT]]
    : methodsAndPaths(row).map(({ method, path }) => [
        method === 'HEAD' ? `${name}-head` : name,
        HttpRouteKey.with(path, HttpMethod[method]),
      ])

/** Adds the routes of the route table to the API, under the same names. */
export const addRoutes = (
  api: HttpApi,
  rows: Rows,
  handlers: Readonly<Record<string, IFunction>>,
): HttpRoute[] =>
  Object.entries(rows).flatMap(([name, row]) => {
    const handler = handlers[name]
    if (!handler) return []
    const integration = new HttpLambdaIntegration(name, handler)
    return routeKeysOf(name, row).map(
      ([id, routeKey]) => new HttpRoute(api, id, { httpApi: api, routeKey, integration }),
    )
  })

const routeSettings = (rows: Rows) =>
  Object.fromEntries(
    Object.entries(throttle.routes).flatMap(([name, limit]) => {
      const setting = { ThrottlingRateLimit: limit.rateLimit, ThrottlingBurstLimit: limit.burstLimit }
      const row = rows[name]
      return row ? methodsAndPaths(row).map(({ method, path }) => [`${method} ${path}`, setting]) : []
    }),
  )

/** The one stage of an API: throttled, logged in a group of its own, and counted there. */
export const loggedStage = (
  scope: Construct,
  httpApi: HttpApi,
  throttle: Throttle,
  domainName: DomainName | undefined,
): HttpStage => {
  const logGroup = new LogGroup(scope, 'access-log', {
    // This prefix needs no entry in the resource policy, which is limited to 5,120 characters.
    logGroupName: `/aws/vendedlogs/${Stack.of(scope).stackName}/access`,
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  countInAccessLog(scope, logGroup)
  return new HttpStage(scope, 'stage', {
    httpApi,
    stageName: '$default',
    autoDeploy: true,
    throttle,
    accessLogSettings: {
      destination: new LogGroupLogDestination(logGroup),
      format: AccessLogFormat.custom(JSON.stringify(accessLogFields)),
    },
    ...(domainName && { domainMapping: { domainName } }),
  })
}

/** The stage of the gateway, with limits of their own for some routes. */
export const stage = (
  scope: Construct,
  api: HttpApi,
  added: readonly HttpRoute[],
  domainName: DomainName | undefined,
): HttpStage => {
  const made = loggedStage(scope, api, throttle.default, domainName)
  // CDK has no limits per route. They name routes, which must exist first.
  const resource = made.node.defaultChild
  if (!(resource instanceof CfnStage)) throw new TypeError('The stage has no CfnStage.')
  resource.routeSettings = routeSettings(routes)
  made.node.addDependency(...added)
  return made
}
