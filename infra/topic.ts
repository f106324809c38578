import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import type { Construct } from 'constructs'

/**
 * Where alarms go, encrypted. The key is our own because CloudWatch may not use the one that AWS manages for
 * SNS; the policies name CloudWatch because a topic with any policy of its own loses the standard one that
 * lets alarms in.
 */
export const alarmTopic = (scope: Construct, email: string | undefined): Topic => {
  const { account } = Stack.of(scope)
  const fromOurAlarms = {
    principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
    conditions: { StringEquals: { 'aws:SourceAccount': account } },
  }
  const masterKey = new Key(scope, 'alarms-key', {
    description: 'Encrypts alarm messages on their way',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  masterKey.addToResourcePolicy(
    // In the policy of a key, `*` is that key.
    new PolicyStatement({
      ...fromOurAlarms,
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
    }),
  )
  const topic = new Topic(scope, 'alarms', { masterKey, enforceSSL: true })
  topic.addToResourcePolicy(
    new PolicyStatement({ ...fromOurAlarms, actions: ['sns:Publish'], resources: [topic.topicArn] }),
  )
  if (email) topic.addSubscription(new EmailSubscription(email))
  return topic
}
