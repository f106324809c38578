import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Match } from 'aws-cdk-lib/assertions'
import { methodsAndPaths, type Route, routes } from '../../lib/routes.ts'
import { each } from '../support/each.ts'
import {
  everything,
  least,
  listening,
  only,
  propertiesOf,
  resourcesOf,
  target,
  templateOf,
} from './synthesised.ts'

const template = templateOf(listening)
const keys = [
  ...Object.values<Route>(routes)
    .flatMap(methodsAndPaths)
    .map(({ method, path }) => `${method} ${path}`),
  '$default',
]

describe('The API', () => {
  it('has exactly the routes of the route table', () => {
    const opened = propertiesOf(template, 'AWS::ApiGatewayV2::Route').map(({ RouteKey }) => RouteKey)
    deepEqual(opened.toSorted(), keys.toSorted())
  })

  it('passes requests in payload format 2.0 to the function of the same name', () => {
    const integrations = resourcesOf(template, 'AWS::ApiGatewayV2::Integration')
    equal(integrations.length, Object.values<Route>(routes).filter((row) => !('every' in row)).length)
    for (const [id, { Properties }] of integrations) {
      const { PayloadFormatVersion, IntegrationType, IntegrationUri } = Properties
      deepEqual([PayloadFormatVersion, IntegrationType], ['2.0', 'AWS_PROXY'])
      equal(target({ Ref: id }), `api${target(IntegrationUri)}`)
    }
  })

  it('logs no field that could contain a secret or identify a person', () => {
    const { AccessLogSettings } = only(template, 'AWS::ApiGatewayV2::Stage').Properties
    const { Format } = AccessLogSettings as { Format: string }
    const fields: Record<string, string> = JSON.parse(Format)
    for (const name of ['requestId', 'route', 'status', 'integrationError']) ok(name in fields, name)
    for (const field of Object.values(fields)) {
      match(field, /^\$context\.[A-Za-z.]+$/)
      ok(!/path|query|cookie|header|authori[sz]er|identity|refer|agent|ip$|domain/i.test(field), field)
    }
  })

  it('has separate request limits for token-is-set, authorize and health', () => {
    const { RouteSettings } = only(template, 'AWS::ApiGatewayV2::Stage').Properties
    const limit = (rate: number) => ({ ThrottlingRateLimit: rate, ThrottlingBurstLimit: 2 * rate })
    deepEqual(RouteSettings, {
      'GET /imsg-service/v1/token-is-set': limit(500),
      'GET /imsg-service/v1/authorize': limit(500),
      'GET /imsg-service/v1/health': limit(20),
      'HEAD /imsg-service/v1/health': limit(20),
    })
  })

  it('has one stage, which is created after its routes', () => {
    const { DependsOn } = only(template, 'AWS::ApiGatewayV2::Stage')
    for (const [id] of resourcesOf(template, 'AWS::ApiGatewayV2::Route')) ok(DependsOn?.includes(id), id)
  })
})

const own = templateOf(everything)
const small = templateOf(least)
const accessLog = { Ref: Match.stringLikeRegexp('^accesslog') }

describe('A resource', () => {
  each('has these properties', [
    [
      'AWS::ApiGatewayV2::Api',
      template,
      {
        CorsConfiguration: {
          AllowCredentials: true,
          AllowHeaders: ['Accept', 'Authorization', 'Content-Type', 'If-None-Match', 'X-Request-Id'],
          AllowMethods: ['GET', 'POST'],
          AllowOrigins: ['https://editor.example.com', 'https://other.example.com'],
        },
        // A CDN or proxy may send requests to it.
        DisableExecuteApiEndpoint: false,
      },
    ],
    ['AWS::ApiGatewayV2::Api', small, { CorsConfiguration: Match.absent() }],
    // With its own domain, the default address is disabled.
    ['AWS::ApiGatewayV2::Api', own, { DisableExecuteApiEndpoint: true }],
    [
      'AWS::ApiGatewayV2::Stage',
      template,
      {
        StageName: '$default',
        DefaultRouteSettings: { ThrottlingBurstLimit: 200, ThrottlingRateLimit: 100 },
      },
    ],
    [
      'AWS::ApiGatewayV2::DomainName',
      own,
      {
        DomainName: 'gateway.example.com',
        DomainNameConfigurations: [
          {
            CertificateArn: everything.DOMAIN_CERTIFICATE_ARN,
            EndpointType: 'REGIONAL',
            SecurityPolicy: 'TLS_1_2',
          },
        ],
      },
    ],
    ['AWS::ApiGatewayV2::ApiMapping', own, { Stage: '$default' }],
    [
      'AWS::Route53::RecordSet',
      own,
      { Name: 'gateway.example.com.', HostedZoneId: everything.HOSTED_ZONE_ID, Type: 'A' },
    ],
    [
      'AWS::Logs::MetricFilter',
      template,
      {
        FilterPattern: '{ $.status = "5*" }',
        LogGroupName: accessLog,
        MetricTransformations: [
          { MetricName: 'ServerErrors', MetricValue: '1', Dimensions: [{ Key: 'Route', Value: '$.route' }] },
        ],
      },
    ],
    [
      'AWS::Logs::MetricFilter',
      template,
      {
        FilterPattern: '{ $.status = "429" }',
        LogGroupName: accessLog,
        MetricTransformations: [{ MetricName: 'TooManyRequests', MetricValue: '1' }],
      },
    ],
    ['AWS::Events::Rule', template, { ScheduleExpression: 'rate(1 minute)' }],
    [
      'AWS::DynamoDB::GlobalTable',
      template,
      {
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
        Replicas: [
          {
            DeletionProtectionEnabled: true,
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          },
        ],
      },
    ],
    ['AWS::SNS::Subscription', template, { Protocol: 'email', Endpoint: 'operators@example.com' }],
  ])(([type, from, wanted]) => from.hasResourceProperties(type, wanted))

  each('does not exist without the setting that adds it', [
    ['AWS::ApiGatewayV2::DomainName', template],
    ['AWS::Route53::RecordSet', template],
    ['AWS::SecretsManager::Secret', small],
    ['AWS::SNS::Subscription', small],
  ])(([type, from]) => from.resourceCountIs(type, 0))
})
