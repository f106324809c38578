import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  ApplicationLogLevel,
  Architecture,
  type Code,
  type FunctionOptions,
  Function as Lambda,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { Route } from '../lib/routes.ts'
import { code } from './bundling.ts'
import { grants, type Resources } from './grants.ts'

// Memory buys processor time, and start-up is all processor: at 512 MB a cold start takes half as long as at
// 256 MB and costs the same. A request waits for at most one table call with its retries; a refresh has to
// end before the next one begins, and gets a whole processor for it: with five thousand organisations it
// holds half a gigabyte (docs/performance.md).
/** Memory and time of functions that answer requests, and of those that run by the clock. */
export const limits = {
  request: { memorySize: 512, timeout: Duration.seconds(5) },
  schedule: {
    memorySize: 1769,
    timeout: Duration.seconds(50),
    retryAttempts: 0,
    maxEventAge: Duration.minutes(1),
  },
}

// Lambda's own lines say START, END and REPORT of every request and cost more than ours; from WARN up they
// tell of failures alone. What we write is JSON already and goes through as it is. Its level is judged by
// LOG_LEVEL, so that Lambda must drop none of it.
const logging = {
  loggingFormat: LoggingFormat.JSON,
  systemLogLevelV2: SystemLogLevel.WARN,
  applicationLogLevelV2: ApplicationLogLevel.TRACE,
}

/** What a function is made of, beside what every function is given. */
type FunctionParts = Readonly<{
  code: Code
  description: string
  environment: Record<string, string>
  /** What its role may do beside writing its own log. */
  statements: readonly PolicyStatement[]
}> &
  Pick<FunctionOptions, 'memorySize' | 'timeout' | 'retryAttempts' | 'maxEventAge'>

/** One function, with its own log group and a role of its own. */
export const lambdaFunction = (
  scope: Construct,
  name: string,
  { statements, ...parts }: FunctionParts,
): Lambda => {
  const logGroup = new LogGroup(scope, `${name}-log`, {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  const role = new Role(scope, `${name}-role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  const log = new PolicyStatement({
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
  })
  for (const statement of [log, ...statements]) role.addToPolicy(statement)

  return new Lambda(scope, name, {
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    ...parts,
    ...logging,
    logGroup,
    role,
  })
}

/** The function of a route, which may do what its row says. */
export const routeFunction = (
  scope: Construct,
  name: string,
  route: Route,
  {
    environment,
    resources,
    files,
  }: {
    environment: Record<string, string>
    resources: Resources
    /** Text of files beside the bundle, by name. */
    files?: Readonly<Record<string, string>>
  },
): Lambda =>
  lambdaFunction(scope, name, {
    code: code(name, files),
    description: route.summary,
    environment,
    statements: grants(route, resources),
    ...('every' in route ? limits.schedule : limits.request),
  })
