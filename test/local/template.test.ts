import { throws } from 'node:assert/strict'
import { planFrom } from '../../local/template.ts'
import { each } from '../support/each.ts'

/** What the local stack reads of the real template shows in test/end-to-end.test.ts. */

const echo = {
  Type: 'AWS::Lambda::Function',
  Properties: { Handler: 'index.handler' },
  Metadata: { 'aws:asset:path': 'echo' },
}
const integration = { IntegrationUri: { 'Fn::GetAtt': ['echo', 'Arn'] }, PayloadFormatVersion: '2.0' }

each('A template that cannot be served here is refused, and the reason is said', [
  [{ PayloadFormatVersion: '1.0' }, {}, /^The route GET \/ does not use payload format 2\.0\.$/],
  [{ IntegrationUri: 'https://a.example' }, {}, /no function/],
  [{}, { Environment: { Variables: { A: { 'Fn::If': [] } } } }, /Fn::If/],
])(([more, properties, message]) => {
  const Resources = {
    echo: { ...echo, Properties: { ...echo.Properties, ...properties } },
    integration: { Type: 'AWS::ApiGatewayV2::Integration', Properties: { ...integration, ...more } },
    route: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        RouteKey: 'GET /',
        Target: { 'Fn::Join': ['/', ['integrations', { Ref: 'integration' }]] },
      },
    },
  }
  throws(() => planFrom({ Resources }, '/'), { message })
})
