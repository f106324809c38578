import { RemovalPolicy } from 'aws-cdk-lib'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'

/**
 * The client credentials for the Access Token service. The stack creates a placeholder, which the operator
 * replaces with `aws secretsmanager put-secret-value --secret-id <output CredentialsSecret> --secret-string
 * file://credentials.json`. Later deployments keep that value.
 */
export const credentialsSecret = (scope: Construct): Secret =>
  new Secret(scope, 'credentials', {
    description: 'Client credentials of refresh-state for the Access Token service: client_id, client_secret',
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ client_id: '' }),
      generateStringKey: 'client_secret',
    },
    // Kept when the stack is destroyed, but not when its first deployment fails, because it is a placeholder.
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  })
