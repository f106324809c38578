import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { door, type Route } from '../lib/routes.ts'
import { bundling, entry, root } from './bundling.ts'
import { grants, type Resources } from './grants.ts'

// Memory buys processor time, and start-up is all processor: at 512 MB a cold start takes half as long as at 256 MB and costs
// the same. A request waits for at most one table call with its retries; a refresh has to end before the next one begins.
const limits = {
  request: { memorySize: 512, timeout: Duration.seconds(5) },
  schedule: {
    memorySize: 512,
    timeout: Duration.seconds(50),
    retryAttempts: 0,
    maxEventAge: Duration.minutes(1),
  },
}

/** One function: its code, its own log group, and its own role that may do what its row says. */
export const routeFunction = (
  scope: Construct,
  name: string,
  route: Route,
  { environment, resources }: { environment: Record<string, string>; resources: Resources },
): NodejsFunction => {
  const logGroup = new LogGroup(scope, `${name}-log`, {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  const role = new Role(scope, `${name}-role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  const log = new PolicyStatement({
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
  })
  for (const statement of [log, ...grants(route, resources)]) role.addToPolicy(statement)

  return new NodejsFunction(scope, name, {
    entry: entry(name),
    depsLockFilePath: `${root}/package-lock.json`,
    projectRoot: root,
    bundling,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    ...(door(route) ? limits.request : limits.schedule),
    // The SDK keeps connections alive by itself; CDK would set a variable of version 2 for it.
    awsSdkConnectionReuse: false,
    description: route.summary,
    environment,
    logGroup,
    role,
  })
}
