/** A stack with an API, its authorizer and its function. It imports nothing from the gateway's stack. */
import { Duration, Stack, type StackProps } from 'aws-cdk-lib'
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { type Code, Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'

/** `code`: this folder, bundled. */
export class DeskStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { code, gateway, ...props }: StackProps & { code: Code; gateway: string },
  ) {
    super(scope, id, props)
    const common = { code, runtime: Runtime.NODEJS_24_X, environment: { GATEWAY: gateway } }
    const guard = new Lambda(this, 'guard', {
      ...common,
      handler: 'guard.handler',
      timeout: Duration.seconds(5),
    })
    const desk = new Lambda(this, 'desk', { ...common, handler: 'desk.handler' })

    const authorizer = new HttpLambdaAuthorizer('authorizer', guard, {
      responseTypes: [HttpLambdaResponseType.SIMPLE],
      identitySource: [], // the session may be a cookie
      resultsCacheTtl: Duration.seconds(0), // a sign-out must take effect
    })
    new HttpApi(this, 'api').addRoutes({
      path: '/desk',
      methods: [HttpMethod.GET],
      integration: new HttpLambdaIntegration('desk', desk),
      authorizer,
    })
  }
}
