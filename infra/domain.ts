import { DomainName, SecurityPolicy } from 'aws-cdk-lib/aws-apigatewayv2'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53'
import { ApiGatewayv2DomainProperties } from 'aws-cdk-lib/aws-route53-targets'
import type { Construct } from 'constructs'
import type { Deployment } from './settings.ts'

/**
 * The host of PUBLIC_URL as a domain of the API, when there is a certificate for it. API Gateway serves it
 * over TLS alone.
 */
export const domain = (
  scope: Construct,
  {
    config,
    certificateArn,
    hostedZoneId,
  }: Pick<Deployment, 'certificateArn' | 'hostedZoneId'> & {
    config: Pick<Deployment['config'], 'publicUrl'>
  },
): DomainName | undefined => {
  if (!certificateArn) return undefined
  const domainName = new URL(config.publicUrl).hostname
  const made = new DomainName(scope, 'domain', {
    domainName,
    certificate: Certificate.fromCertificateArn(scope, 'certificate', certificateArn),
    securityPolicy: SecurityPolicy.TLS_1_2,
  })
  if (hostedZoneId)
    new ARecord(scope, 'alias', {
      // Without a record name the zone's name is the record's, so that the name of the zone itself need not
      // be known.
      zone: HostedZone.fromHostedZoneAttributes(scope, 'zone', { hostedZoneId, zoneName: domainName }),
      target: RecordTarget.fromAlias(
        new ApiGatewayv2DomainProperties(made.regionalDomainName, made.regionalHostedZoneId),
      ),
    })
  return made
}
