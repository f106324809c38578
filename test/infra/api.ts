import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { methodsAndPaths, type Route, routes } from '../../lib/routes.ts'
import { least, listening, only, resourcesOf, target, templateOf } from './synthesised.ts'

const template = templateOf(listening)
const doors = Object.values<Route>(routes).flatMap(methodsAndPaths)
const keys = [...doors.map(({ method, path }) => `${method} ${path}`), '$default']

describe('the API', () => {
  it('opens every route of the table and no other', () => {
    const opened = resourcesOf(template, 'AWS::ApiGatewayV2::Route').map(
      ([
        ,
        {
          Properties: { RouteKey },
        },
      ]) => RouteKey,
    )
    deepEqual(opened.toSorted(), keys.toSorted())
  })

  it('passes requests on whole, in payload 2.0, to the function of the same name', () => {
    const integrations = resourcesOf(template, 'AWS::ApiGatewayV2::Integration')
    equal(integrations.length, Object.values<Route>(routes).filter((row) => !('every' in row)).length)
    for (const [id, { Properties }] of integrations) {
      const { PayloadFormatVersion, IntegrationType, IntegrationUri } = Properties
      deepEqual([PayloadFormatVersion, IntegrationType], ['2.0', 'AWS_PROXY'])
      equal(target({ Ref: id }), `api${target(IntegrationUri)}`)
    }
  })

  it('answers CORS for the exact origins that are listed, with credentials', () => {
    const { CorsConfiguration } = only(template, 'AWS::ApiGatewayV2::Api').Properties
    deepEqual(CorsConfiguration, {
      AllowCredentials: true,
      AllowHeaders: ['Accept', 'Authorization', 'Content-Type', 'If-None-Match', 'X-Request-Id'],
      AllowMethods: ['GET', 'POST'],
      AllowOrigins: ['https://editor.example.com', 'https://other.example.com'],
      MaxAge: 3600,
    })
  })

  it('answers no CORS at all where no origin is listed', () => {
    ok(!('CorsConfiguration' in only(templateOf(least), 'AWS::ApiGatewayV2::Api').Properties))
  })

  it('keeps what could be a secret or a person out of its log', () => {
    const { AccessLogSettings } = only(template, 'AWS::ApiGatewayV2::Stage').Properties
    const { Format } = AccessLogSettings as { Format: string }
    const fields = Object.values<string>(JSON.parse(Format))
    for (const needed of [
      'requestId',
      'routeKey',
      'status',
      'responseLatency',
      'integrationErrorMessage',
      'protocol',
    ])
      ok(fields.includes(`$context.${needed}`), needed)
    for (const field of fields) {
      match(field, /^\$context\.[A-Za-z.]+$/)
      ok(!/path|query|cookie|header|authori[sz]er|identity|refer|agent|ip$|domain/i.test(field), field)
    }
  })

  it('counts in its log what browsers were answered: 5xx by route, and 429', () => {
    const filters = resourcesOf(template, 'AWS::Logs::MetricFilter').map(([, { Properties }]) => Properties)
    deepEqual(
      filters.map(({ FilterPattern, LogGroupName, MetricTransformations }) => [
        FilterPattern,
        target(LogGroupName),
        MetricTransformations,
      ]),
      [
        [
          '{ $.status = "5*" }',
          'accesslog',
          [
            {
              Dimensions: [{ Key: 'Route', Value: '$.route' }],
              MetricName: 'ServerErrors',
              MetricNamespace: 'imsg-service',
              MetricValue: '1',
            },
          ],
        ],
        [
          '{ $.status = "429" }',
          'accesslog',
          [{ MetricName: 'TooManyRequests', MetricNamespace: 'imsg-service', MetricValue: '1' }],
        ],
      ],
    )
  })

  it('is throttled by default, and by route where one is busier or needs less', () => {
    const { DefaultRouteSettings, RouteSettings } = only(template, 'AWS::ApiGatewayV2::Stage').Properties
    deepEqual(DefaultRouteSettings, { ThrottlingBurstLimit: 200, ThrottlingRateLimit: 100 })
    const limited = Object.keys(RouteSettings ?? {})
    for (const key of ['GET /imsg-service/v1/token-is-set', 'HEAD /imsg-service/v1/health'])
      ok(limited.includes(key), key)
    for (const key of limited) ok(keys.includes(key), key)
  })

  it('has one stage, whose routes are there before it', () => {
    const { DependsOn, Properties } = only(template, 'AWS::ApiGatewayV2::Stage')
    const { StageName } = Properties
    equal(StageName, '$default')
    for (const [id] of resourcesOf(template, 'AWS::ApiGatewayV2::Route')) ok(DependsOn?.includes(id), id)
  })
})

describe('a domain of its own', () => {
  const DOMAIN_CERTIFICATE_ARN = 'arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d'
  const own = templateOf({ ...listening, DOMAIN_CERTIFICATE_ARN, HOSTED_ZONE_ID: 'Z0123456789' })

  it('is the host of PUBLIC_URL, over TLS 1.2 or better', () => {
    const { DomainName, DomainNameConfigurations } = only(own, 'AWS::ApiGatewayV2::DomainName').Properties
    equal(DomainName, 'gateway.example.com')
    deepEqual(DomainNameConfigurations, [
      { CertificateArn: DOMAIN_CERTIFICATE_ARN, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' },
    ])
  })

  it('is the only way in', () => {
    const { DisableExecuteApiEndpoint } = only(own, 'AWS::ApiGatewayV2::Api').Properties
    const { Stage, ApiId } = only(own, 'AWS::ApiGatewayV2::ApiMapping').Properties
    deepEqual([DisableExecuteApiEndpoint, Stage, target(ApiId)], [true, '$default', 'api'])
  })

  it('leaves the API its own address where there is no certificate, as for a CDN in front', () => {
    const { DisableExecuteApiEndpoint } = only(template, 'AWS::ApiGatewayV2::Api').Properties
    ok(DisableExecuteApiEndpoint !== true)
  })

  it('is entered in its zone', () => {
    const { Name, HostedZoneId, Type } = only(own, 'AWS::Route53::RecordSet').Properties
    deepEqual([Name, HostedZoneId, Type], ['gateway.example.com.', 'Z0123456789', 'A'])
  })

  it('is not made, nor any record, without a certificate', () => {
    template.resourceCountIs('AWS::ApiGatewayV2::DomainName', 0)
    template.resourceCountIs('AWS::Route53::RecordSet', 0)
  })
})
