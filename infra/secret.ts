import { RemovalPolicy } from 'aws-cdk-lib'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'

/**
 * The client credentials for the Access Token service. The stack makes the shape and a random value that
 * opens nothing; the operator puts the real pair in: `aws secretsmanager put-secret-value --secret-id <output
 * CredentialsSecret>
 * --secret-string file://credentials.json`. A later deployment leaves it alone.
 */
export const credentialsSecret = (scope: Construct): Secret =>
  new Secret(scope, 'credentials', {
    description:
      'Client credentials with which refresh-state asks the Access Token service: client_id, client_secret',
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ client_id: '' }),
      generateStringKey: 'client_secret',
    },
    // Kept when the stack is destroyed, but not when its first deployment fails: nothing is in it then.
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  })
