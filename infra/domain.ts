import { DomainName, SecurityPolicy } from 'aws-cdk-lib/aws-apigatewayv2'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53'
import { ApiGatewayv2DomainProperties } from 'aws-cdk-lib/aws-route53-targets'
import type { Construct } from 'constructs'
import type { Deployment } from './settings.ts'

/** The host of PUBLIC_URL as a domain of the API, if there is a certificate for it. Served only over TLS. */
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
      // Without a record name, CDK uses the zone's name, which is set to the host here.
      zone: HostedZone.fromHostedZoneAttributes(scope, 'zone', { hostedZoneId, zoneName: domainName }),
      target: RecordTarget.fromAlias(
        new ApiGatewayv2DomainProperties(made.regionalDomainName, made.regionalHostedZoneId),
      ),
    })
  return made
}
