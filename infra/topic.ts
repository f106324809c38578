import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import type { Construct } from 'constructs'

/**
 * The encrypted topic for alarms. It needs its own key, because CloudWatch cannot use the one that AWS
 * manages for SNS, and its own policy, because adding one removes the default that lets CloudWatch publish.
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
    // In a key policy, `*` means this key.
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
