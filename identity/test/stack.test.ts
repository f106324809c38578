import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { App } from 'aws-cdk-lib'
import { ConfigError } from '../../lib/config.ts'
import { alarms } from '../infra/alarms.ts'
import { bundleAll, functionNames } from '../infra/bundling.ts'
import { readDeployment } from '../infra/settings.ts'
import { ImsgIdentity } from '../infra/stack.ts'
import { routes } from '../routes.ts'

const env = {
  PUBLIC_URL: 'https://gw.example.com',
  ORGANISATIONS: join(import.meta.dirname, '..', 'organisations.example.json'),
  SIGNING_KEYS: '2026-11-27,2026-10-01',
  GATEWAY_TABLES: 'gateway-table',
}

type Resource = { Type: string; Properties: Record<string, unknown>; DeletionPolicy?: string }
type Statement = { Action: unknown; Resource: unknown; Condition?: unknown }

process.umask(0o077)
const folder = mkdtempSync(join(tmpdir(), 'imsg-identity-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const sizes = await bundleAll(folder, env.ORGANISATIONS)
const stack = new ImsgIdentity(new App({ outdir: join(folder, 'out') }), 'ImsgIdentity', {
  deployment: readDeployment(env),
  bundles: folder,
})
const { Resources } = (stack.node.root as App).synth().getStackByName('ImsgIdentity').template as {
  Resources: Record<string, Resource>
}
const all = (type: string) => Object.entries(Resources).filter(([, { Type }]) => Type === type)

/** The statements of a function's role, its log apart, with resources as their logical ids. */
const statementsOf = (name: string): Statement[] => {
  const squeezed = name.replaceAll('-', '')
  return all('AWS::IAM::Policy')
    .filter(([id]) => id.startsWith(`${squeezed}role`))
    .flatMap(([, { Properties }]) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement)
    .filter(({ Action }) => !JSON.stringify(Action).includes('logs:'))
}
const short = ({ Action, Resource, Condition }: Statement) =>
  `${JSON.stringify(Action)} ${JSON.stringify(Resource).replace(/[0-9A-F]{8}/g, '')} ${JSON.stringify(Condition ?? '')}`

describe('The stack', () => {
  it('has a route for each row, and a function for those that share one', () => {
    deepEqual(
      all('AWS::ApiGatewayV2::Route')
        .map(([, { Properties }]) => Properties.RouteKey)
        .sort(),
      Object.values(routes)
        .map(({ method, path }) => (path === '$default' ? path : `${method} ${path}`))
        .sort(),
    )
    equal(functionNames.length, 5)
  })

  it('grants what each function does and nothing else', () => {
    const table = '{"Fn::GetAtt":["sessionstable","Arn"]}'
    const [first, second] = ['signingkey', 'signingkey'].map((id) => `{"Fn::GetAtt":["${id}","Arn"]}`)
    const granted = Object.fromEntries(
      functionNames.map((name) => [
        name,
        statementsOf(name).map((statement) => short(statement).replace(/signingkey\d+/g, 'signingkey')),
      ]),
    )
    deepEqual(granted, {
      login: [],
      logout: [],
      jwks: [`"kms:GetPublicKey" [${first},${second}] ""`],
      'login-callback': [
        `"kms:Sign" ${first} {"StringEquals":{"kms:SigningAlgorithm":"RSASSA_PKCS1_V1_5_SHA_512","kms:MessageType":"DIGEST"}}`,
        `"kms:GetPublicKey" ${first} ""`,
        '"secretsmanager:GetSecretValue" {"Ref":"clientsecrets"} ""',
        `"dynamodb:PutItem" ${table} {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["SID#*","SUB#*","PROVIDER#*"]},"Null":{"dynamodb:LeadingKeys":"false"}}`,
      ],
      'provider-logout': [
        `"dynamodb:BatchGetItem" ${table} ""`,
        `"dynamodb:PutItem" ${table} {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["PROVIDER#*"]},"Null":{"dynamodb:LeadingKeys":"false"}}`,
        '"dynamodb:UpdateItem" {"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":dynamodb:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},":table/gateway-table"]]} {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["SUBJECT#*"]},"ForAllValues:StringEquals":{"dynamodb:Attributes":["pk","notBefore"]},"StringEqualsIfExists":{"dynamodb:ReturnValues":"NONE"},"Null":{"dynamodb:LeadingKeys":"false","dynamodb:Attributes":"false"}}',
      ],
    })
  })

  it('keeps its keys, its table and its secrets when it is deleted', () => {
    for (const type of ['AWS::KMS::Key', 'AWS::DynamoDB::GlobalTable', 'AWS::SecretsManager::Secret'])
      for (const [id, { DeletionPolicy }] of all(type))
        if (!id.startsWith('alarms')) equal(DeletionPolicy, 'Retain', id)
    equal(all('AWS::KMS::Key').filter(([id]) => id.startsWith('signingkey')).length, 2)
  })

  it('has alarms for providers, KMS, sign-outs, every organisation and every function, which say what to do', () => {
    const names = all('AWS::CloudWatch::Alarm').map(([, { Properties }]) =>
      String(Properties.AlarmName).replace('ImsgIdentity-', ''),
    )
    deepEqual(
      names.sort(),
      [
        ...Object.keys(alarms),
        'sign-ins-failing-demo',
        ...functionNames.map((name) => `${name}-errors`),
      ].sort(),
    )
    for (const [, { Properties }] of all('AWS::CloudWatch::Alarm')) {
      const said = String(Properties.AlarmDescription)
      match(said, /^[^.]+\. \w.+\.[^.]*\. \(identity\/README\.md#[\w-]+\)$/)
      ok(said.length <= 1024, `${said.length}: ${said}`)
    }
  })

  it('gives functions the name of the organisations file beside them, not its path on the machine that built them', () => {
    for (const [, { Properties }] of all('AWS::Lambda::Function')) {
      const { Variables } = Properties.Environment as { Variables: Record<string, unknown> }
      equal(Variables.ORGANISATIONS, 'organisations.json')
    }
  })

  it('deploys files that every user can read, whatever the umask of the build', () => {
    for (const name of functionNames)
      for (const file of ['index.mjs', 'organisations.json'])
        equal(statSync(join(folder, name, file)).mode & 0o777, 0o644)
  })

  it('keeps its bundles within their budgets: login and logout load no AWS client', () => {
    const most: Record<string, number> = {
      login: 75_000,
      logout: 76_000,
      jwks: 235_000,
      'login-callback': 310_000,
      'provider-logout': 260_000,
    }
    for (const [name, size] of sizes) ok(size < (most[name] ?? 0), `${name} ${size}`)
  })

  it('is refused with all problems of its settings and its file together', () => {
    const problems = (more: Record<string, string | undefined>) => {
      try {
        readDeployment({ ...env, ...more })
        return []
      } catch (error) {
        return error instanceof ConfigError
          ? error.problems.map((text) => text.replace(/[ .].*/s, ''))
          : [error]
      }
    }
    deepEqual(problems({}), [])
    deepEqual(problems({ GATEWAY_TABLES: undefined, PUBLIC_URL: undefined }), [
      'PUBLIC_URL',
      'GATEWAY_TABLES',
    ])
    deepEqual(problems({ ORGANISATIONS: 'nowhere.json', ALARM_EMAIL: 'x' }), ['ORGANISATIONS', 'ALARM_EMAIL'])
    deepEqual(problems({ ORGANISATIONS: import.meta.filename }), ['ORGANISATIONS'])
  })
})
