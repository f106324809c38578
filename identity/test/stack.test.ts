import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, describe, it } from 'node:test'
import { App } from 'aws-cdk-lib'
import { ConfigError } from '../../lib/config.ts'
import { each } from '../../test/support/each.ts'
import { bundleAll, functionNames } from '../infra/bundling.ts'
import { type Deployment, readDeployment } from '../infra/settings.ts'
import { ImsgIdentity } from '../infra/stack.ts'
import { providerKey } from '../provider/provider.ts'
import { routes } from '../routes.ts'
import { settings } from '../settings.ts'
import { sessionKeys } from '../sign-out/sessions.ts'
import { providerOf } from './support/service.ts'

const env = {
  PUBLIC_URL: 'https://gw.example.com',
  ORGANISATIONS: join(import.meta.dirname, '..', 'organisations.example.json'),
  SIGNING_KEYS: '2026-11-27,2026-10-01',
  GATEWAY_TABLES: 'gateway-table',
  SITE_NAME: 'Example News',
}

type Resource = { Type: string; Properties: Record<string, unknown>; DeletionPolicy?: string }
type Measured = {
  Expression?: string
  MetricStat?: { Metric: { MetricName: string; Dimensions?: { Value: string }[] } }
}
type Statement = { Action: string | string[]; Resource: unknown; Condition?: unknown }

// Lambda does not run a function as the owner of its files.
process.umask(0o077)
const folder = mkdtempSync(join(tmpdir(), 'imsg-identity-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const sizes = await bundleAll(folder, env.ORGANISATIONS)
const deployment = readDeployment(env)
const resourcesOf = (given: Deployment): Record<string, Resource> => {
  const app = new App({ outdir: mkdtempSync(join(folder, 'out-')) })
  new ImsgIdentity(app, 'ImsgIdentity', { deployment: given, bundles: folder })
  return app.synth().getStackByName('ImsgIdentity').template.Resources
}
const resources = resourcesOf(deployment)
const all = (type: string, among = resources) => Object.entries(among).filter(([, { Type }]) => Type === type)
const propertiesOf = (type: string, among = resources) =>
  all(type, among).map(([, { Properties }]) => Properties)

/** Without the hashes that CDK puts into names. */
const plain = (value: unknown): string => JSON.stringify(value).replace(/[0-9A-F]{8}(?=")/g, '')
/** What the role of a function may do besides writing its log. */
const grantsOf = (name: string): string[][] =>
  all('AWS::IAM::Policy')
    .filter(([id]) => id.startsWith(`${name.replaceAll('-', '')}role`))
    .flatMap(([, { Properties }]) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement)
    .filter(({ Action }) => !String(Action).startsWith('logs:'))
    .map(({ Action, Resource, Condition = {} }) => [String(Action), plain(Resource), plain(Condition)])

/** An expression, or the metric with the values of its dimensions. */
const measured = ({ Expression, MetricStat }: Measured): string => {
  const { MetricName, Dimensions = [] } = MetricStat?.Metric ?? {}
  return Expression ?? [MetricName, ...Dimensions.map(({ Value }) => `of ${Value}`)].join(' ')
}

describe('The stack', () => {
  it('is synthesised into CDK_OUTDIR without findings of the rule packs', () => {
    const cwd = join(import.meta.dirname, '..')
    const CDK_OUTDIR = relative(cwd, join(folder, 'app'))
    const options = { cwd, env: { ...process.env, ...env, CDK_OUTDIR }, encoding: 'utf8' } as const
    const { status, stderr } = spawnSync(process.execPath, ['infra/app.ts'], options)
    equal(status, 0, stderr)
    ok(existsSync(join(folder, 'app', 'ImsgIdentity.template.json')))
  })

  it('has an API route for each row of the route table, and five functions', () => {
    deepEqual(
      new Set(all('AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties.RouteKey)),
      new Set(Object.values(routes).map(({ method, path }) => `${method} ${path}`.replace('ANY ', ''))),
    )
    equal(functionNames.length, 5)
  })

  it('grants each function only the actions and resources that it uses', () => {
    const table = '{"Fn::GetAtt":["sessionstable","Arn"]}'
    const [signs, published] = ['20261127', '20261001'].map(
      (day) => `{"Fn::GetAtt":["signingkey${day}","Arn"]}`,
    )
    const gatewayTable =
      '{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":dynamodb:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},":table/gateway-table"]]}'
    const keysOf = (kinds: string) =>
      `{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":[${kinds}]},"Null":{"dynamodb:LeadingKeys":"false"}}`
    const oneAlgorithm =
      '{"StringEquals":{"kms:SigningAlgorithm":"RSASSA_PKCS1_V1_5_SHA_512","kms:MessageType":"DIGEST"}}'
    const oneAttribute =
      '{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["SUBJECT#*"]},"ForAllValues:StringEquals":{"dynamodb:Attributes":["pk","notBefore"]},"StringEqualsIfExists":{"dynamodb:ReturnValues":"NONE"},"Null":{"dynamodb:LeadingKeys":"false","dynamodb:Attributes":"false"}}'
    deepEqual(Object.fromEntries(functionNames.map((name) => [name, grantsOf(name)])), {
      login: [],
      logout: [],
      jwks: [['kms:GetPublicKey', `[${signs},${published}]`, '{}']],
      'login-callback': [
        ['kms:Sign', signs, oneAlgorithm],
        ['kms:GetPublicKey', signs, '{}'],
        ['secretsmanager:GetSecretValue', '{"Ref":"clientsecrets"}', '{}'],
        ['dynamodb:PutItem', table, keysOf('"SID#*","SUB#*","PROVIDER#*"')],
      ],
      'provider-logout': [
        ['dynamodb:BatchGetItem', table, '{}'],
        ['dynamodb:PutItem', table, keysOf('"PROVIDER#*"')],
        ['dynamodb:UpdateItem', gatewayTable, oneAttribute],
      ],
    })
  })

  it('has item keys with the prefixes that its policies grant', () => {
    const keys = deployment.organisations.flatMap((one) => [
      ...sessionKeys(one, { sid: 's', sub: 'p' }),
      providerKey(one.name),
    ])
    deepEqual(
      keys.map((key) => key.split('#')[0]),
      ['SID', 'SUB', 'PROVIDER'],
    )
  })

  it('retains keys, table and client secrets when it is deleted', () => {
    const kept = ['AWS::KMS::Key', 'AWS::DynamoDB::GlobalTable', 'AWS::SecretsManager::Secret'].flatMap(
      (type) => all(type),
    )
    deepEqual(
      kept.filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain').map(([id]) => plain(id)),
      ['"signingkey20261127"', '"signingkey20261001"', '"sessionstable"', '"clientsecrets"'],
    )
  })

  it('has alarms for every organisation, function and dependency, each with a runbook link', () => {
    const made = propertiesOf('AWS::CloudWatch::Alarm')
    const conditions = made.map((alarm) => [
      String(alarm.AlarmName).replace('ImsgIdentity-', ''),
      alarm.MetricName ?? (alarm.Metrics as Measured[]).map(measured).join('; '),
      `${alarm.Threshold}, ${alarm.DatapointsToAlarm} of ${alarm.EvaluationPeriods}`,
    ])
    const share = 'IF((failed + done) >= 4, 100 * (failed) / ((failed + done)), 0)'
    deepEqual(conditions.sort(), [
      ['jwks-errors', 'Errors', '1, 2 of 3'],
      ['login-callback-errors', 'Errors', '1, 2 of 3'],
      ['login-errors', 'Errors', '1, 2 of 3'],
      ['logout-errors', 'Errors', '1, 2 of 3'],
      ['provider-down', 'ProviderDown', '3, 2 of 3'],
      ['provider-logout-errors', 'Errors', '1, 2 of 3'],
      ['provider-sign-out-failing', 'ProviderSignOutFailed', '1, 1 of 1'],
      ['sign-ins-failing-demo', `${share}; SignInFailed of demo; SignInFinished of demo`, '50, 2 of 2'],
      ['signing-failing', 'SigningFailed', '1, 2 of 3'],
    ])
    for (const { AlarmDescription, AlarmActions, OKActions } of made) {
      const said = String(AlarmDescription)
      match(said, /^[^.]+\. \w.+\.[^.]*\. \(identity\/README\.md#[\w-]+\)$/)
      ok(said.length <= 1024, `${said.length}: ${said}`)
      equal([AlarmActions ?? [], OKActions ?? []].flat().length, 2)
    }
  })

  each('shows the sign-in funnel with the metrics of the gateway', [
    [{}, 'imsg-service'],
    [{ GATEWAY_NAMESPACE: 'imsg-service-test' }, 'imsg-service-test'],
  ])(([settings, namespace]) => {
    const own = resourcesOf(readDeployment({ ...env, ...settings }))
    const [dashboard] = propertiesOf('AWS::CloudWatch::Dashboard', own).map((one) =>
      JSON.stringify(one).replaceAll(/[\\]/g, ''),
    )
    for (const name of ['LoginStarted', 'SessionSet'])
      match(dashboard ?? '', new RegExp(`"${namespace}","${name}"`), name)
  })

  it('limits requests to 50 a second', () =>
    deepEqual(
      propertiesOf('AWS::ApiGatewayV2::Stage').map(({ DefaultRouteSettings }) => DefaultRouteSettings),
      [{ ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 }],
    ))

  it('signs with RSA keys of 2048 bits, which KMS allows for signatures only', () => {
    const keys = all('AWS::KMS::Key').filter(([id]) => id.startsWith('signingkey'))
    deepEqual(
      keys.map(([, { Properties }]) => [Properties.KeySpec, Properties.KeyUsage]),
      [1, 2].map(() => ['RSA_2048', 'SIGN_VERIFY']),
    )
  })

  it('gives each function its memory, its timeout and the variables that it reads', () => {
    const [TABLE_NAME, GATEWAY_TABLES] = ['{"Ref":"sessionstable"}', '"gateway-table"']
    const CLIENT_SECRETS = '{"Ref":"clientsecrets"}'
    const shared = Object.keys(settings).concat('METRICS_NAMESPACE')
    const found = all('AWS::Lambda::Function').map(([id, { Properties }]) => {
      const { Variables } = Properties.Environment as { Variables: Record<string, unknown> }
      const own = Object.entries(Variables)
        .filter(([name]) => !shared.includes(name))
        .map(([name, value]) => [name, plain(value)])
      deepEqual([Variables.ORGANISATIONS, Variables.SITE_NAME], ['organisations.json', 'Example News'])
      equal(Variables.METRICS_NAMESPACE, 'ImsgIdentity')
      match(plain(Variables.IDENTITY_URL), /"https:\/\/",\{"Ref":"api"\},"\.execute-api\./)
      match(plain(Variables.SIGNING_KEYS), /"2026-11-27=",\{"Fn::GetAtt":\["signingkey20261127","Arn"\]\}/)
      const { MemorySize, Timeout } = Properties
      return [plain(id), MemorySize, Timeout, Object.fromEntries(own)]
    })
    deepEqual(found.sort(), [
      ['"jwks"', 512, 5, {}],
      ['"login"', 512, 12, {}],
      ['"logincallback"', 512, 15, { TABLE_NAME, CLIENT_SECRETS }],
      ['"logout"', 512, 5, {}],
      ['"providerlogout"', 1024, 5, { TABLE_NAME, GATEWAY_TABLES }],
    ])
  })

  it('is reachable only at its own host, if it has one, and mails its alarms', () => {
    const host = readDeployment({
      ...env,
      IDENTITY_URL: 'https://id.example.com',
      IDENTITY_HOSTED_ZONE_ID: 'Z123456',
      ALARM_EMAIL: 'desk@example.com',
      IDENTITY_CERTIFICATE_ARN:
        'arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000',
    })
    const own = resourcesOf(host)
    equal(propertiesOf('AWS::ApiGatewayV2::Api', own)[0]?.DisableExecuteApiEndpoint, true)
    equal(propertiesOf('AWS::ApiGatewayV2::DomainName', own)[0]?.DomainName, 'id.example.com')
    equal(propertiesOf('AWS::Route53::RecordSet', own)[0]?.HostedZoneId, 'Z123456')
    equal(propertiesOf('AWS::SNS::Subscription', own)[0]?.Endpoint, 'desk@example.com')
    match(plain(propertiesOf('AWS::Lambda::Function', own)[0]), /"IDENTITY_URL":"https:\/\/id\.example\.com"/)
  })

  it('bundles files that every user can read, whatever the umask of the build', () => {
    for (const name of functionNames) {
      equal(statSync(join(folder, name)).mode & 0o777, 0o755)
      for (const file of ['index.mjs', 'organisations.json'])
        equal(statSync(join(folder, name, file)).mode & 0o777, 0o644)
    }
  })

  it('keeps bundles within their size budgets: login and logout include no AWS client', () => {
    const most: Record<string, number> = {
      login: 75_000,
      logout: 76_000,
      jwks: 235_000,
      'login-callback': 310_000,
      'provider-logout': 260_000,
    }
    for (const [name, size] of sizes) ok(size < (most[name] ?? 0), `${name} ${size}`)
  })

  const fileOf = (document: object): string => {
    const file = join(mkdtempSync(join(folder, 'file-')), 'organisations.json')
    writeFileSync(file, JSON.stringify(document))
    return file
  }
  const wrong = { name: 'demo', whitelistCallbackUrls: ['com'], provider: providerOf('https://10.0.0.1') }

  each<readonly [settings: Record<string, string | undefined>, ...problems: string[]]>(
    'reports all problems of the settings and the organisations file together',
    [
      [{}],
      [{ GATEWAY_TABLES: undefined, PUBLIC_URL: undefined }, 'PUBLIC_URL', 'GATEWAY_TABLES'],
      [{ GATEWAY_TABLES: 'a table' }, 'GATEWAY_TABLES'],
      [{ ORGANISATIONS: 'nowhere.json', ALARM_EMAIL: 'x' }, 'ORGANISATIONS', 'ALARM_EMAIL'],
      [{ ORGANISATIONS: import.meta.filename, STAGE_NAME: '"x"' }, 'ORGANISATIONS', 'STAGE_NAME'],
      [{ ORGANISATIONS: fileOf({}) }, 'ORGANISATIONS'],
      [{ ORGANISATIONS: fileOf({ organisations: [{ name: 'demo' }] }) }, 'ORGANISATIONS'],
      [{ ORGANISATIONS: fileOf({ organisations: [wrong] }) }, 'ORGANISATIONS', 'demo'],
    ],
  )(([settings, ...expected]) => {
    const problems: string[] = []
    try {
      readDeployment({ ...env, ...settings })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problems.push(...error.problems.map((text) => text.replace(/[ .:].*/s, '')))
    }
    deepEqual(problems, expected)
  })
})
