import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway'
import {
  type CfnStage,
  CorsHttpMethod,
  type DomainMappingOptions,
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
import { door, type HttpRouteName, type Route, type RouteName } from '../lib/routes.ts'

type Throttle = { rateLimit: number; burstLimit: number }

/** Requests a second, and how many at once before that counts. Every open editor polls token-is-set. */
export const throttle: { standard: Throttle } & Partial<Record<HttpRouteName, Throttle>> = {
  standard: { rateLimit: 100, burstLimit: 200 },
  'token-is-set': { rateLimit: 500, burstLimit: 1000 },
  health: { rateLimit: 20, burstLimit: 40 },
}

/**
 * What the access log says of a request. The route key stands for the path, so that no organisation, query string, cookie,
 * token, referrer or address of a person can get in.
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

/** The API without its routes: functions may name its address before they exist. */
export const httpApi = (scope: Construct, config: Config, ownDomain: boolean): HttpApi =>
  new HttpApi(scope, 'api', {
    apiName: Stack.of(scope).stackName,
    description: 'imsg-service: login, session cookie, units, logout, health',
    createDefaultStage: false,
    // With a domain of its own there is one way in: a second host name would be a second cookie scope.
    disableExecuteApiEndpoint: ownDomain,
    ...cors(config),
  })

/** A door of the route table becomes a route of the API, under the same name. */
export const addRoute = (api: HttpApi, name: string, route: Route, handler: IFunction): HttpRoute[] => {
  const at = door(route)
  if (!at) return []
  const httpRoute = new HttpRoute(api, name, {
    httpApi: api,
    routeKey: HttpRouteKey.with(at.path, HttpMethod[at.method]),
    integration: new HttpLambdaIntegration(name, handler),
  })
  return [httpRoute]
}

const perRoute = (routes: Readonly<Record<string, Route>>) =>
  Object.fromEntries(
    Object.entries(routes).flatMap(([name, route]) => {
      const at = door(route)
      const own = throttle[name as RouteName & HttpRouteName]
      if (!at || !own) return []
      return [
        [
          `${at.method} ${at.path}`,
          { ThrottlingRateLimit: own.rateLimit, ThrottlingBurstLimit: own.burstLimit },
        ],
      ]
    }),
  )

/** The one stage: throttled, and logged in a group of its own. */
export const stage = (
  scope: Construct,
  api: HttpApi,
  added: readonly HttpRoute[],
  routes: Readonly<Record<string, Route>>,
  domainMapping: DomainMappingOptions | undefined,
): HttpStage => {
  const logGroup = new LogGroup(scope, 'access-log', {
    // Under this prefix AWS needs no entry per group in a resource policy that is full at 5,120 characters.
    logGroupName: `/aws/vendedlogs/${Stack.of(scope).stackName}/access`,
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  const made = new HttpStage(scope, 'stage', {
    httpApi: api,
    stageName: '$default',
    autoDeploy: true,
    throttle: throttle.standard,
    accessLogSettings: {
      destination: new LogGroupLogDestination(logGroup),
      format: AccessLogFormat.custom(JSON.stringify(accessLogFields)),
    },
    ...(domainMapping && { domainMapping }),
  })
  // CDK has no words for limits per route. They name routes, which therefore have to be there first.
  const resource = made.node.defaultChild as CfnStage
  resource.routeSettings = perRoute(routes)
  made.node.addDependency(...added)
  return made
}
