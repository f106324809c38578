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

// Processor time grows with memory: with 512 MB a cold start takes half as long as with 256 MB, for the same
// price. A refresh must end before the next one starts, so it gets a whole processor.
/** Memory and timeout of functions that answer requests, and of those that run on a schedule. */
export const limits = {
  request: { memorySize: 512, timeout: Duration.seconds(5) },
  schedule: {
    memorySize: 1769,
    timeout: Duration.seconds(50),
    retryAttempts: 0,
    maxEventAge: Duration.minutes(1),
  },
}

// Lambda's own lines for each request (START, END, REPORT) cost more than ours. From WARN, it only logs
// failures. Our lines are JSON and have their own level (LOG_LEVEL), so Lambda must not drop any.
const logging = {
  loggingFormat: LoggingFormat.JSON,
  systemLogLevelV2: SystemLogLevel.WARN,
  applicationLogLevelV2: ApplicationLogLevel.TRACE,
}

/** The parts that differ between functions. */
type FunctionParts = Readonly<{
  code: Code
  description: string
  environment: Record<string, string>
  /** Permissions of its role, besides writing its log. */
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
    /** Further files of the asset: text by name. */
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
