import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Template } from 'aws-cdk-lib/assertions'
import { least, listening, type Resource, resourcesOf, target, templateOf } from './synthesised.ts'

/** What outlives a deployment, and what a deployment may find when it comes. */

const template = templateOf(listening)
const certificate = 'arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d'
const adopting = templateOf({ ...listening, EXISTING_TABLE: 'restored' })
const outputsOf = (from: Template): Record<string, { Value: unknown }> =>
  from.toJSON().Outputs as Record<string, { Value: unknown }>
const all = (from: Template): [id: string, resource: Resource][] => Object.entries(from.toJSON().Resources)
const isKept = ({ DeletionPolicy = 'Delete' }: Resource): boolean => DeletionPolicy !== 'Delete'

describe('the logical ids', () => {
  it('of what holds data or an address are those of the deployments that are out there', () => {
    for (const from of [template, templateOf(least)]) {
      const [[id]] = resourcesOf(from, 'AWS::DynamoDB::GlobalTable') as [[string, Resource]]
      equal(id, 'table8235A42E', 'another id is another table: every logout and every choice is forgotten')
      const [[api]] = resourcesOf(from, 'AWS::ApiGatewayV2::Api') as [[string, Resource]]
      equal(api, 'apiC8550315', 'another id is another address')
    }
    const [[secret]] = resourcesOf(template, 'AWS::SecretsManager::Secret') as [[string, Resource]]
    equal(secret, 'credentialsE4920838', 'another id is an empty secret')
  })
})

describe('a deployment', () => {
  it('keeps the table and the secret when the stack goes, and nothing else', () => {
    const kept = all(template).filter(([, resource]) => isKept(resource))
    deepEqual(
      kept.map(([, { Type, DeletionPolicy, UpdateReplacePolicy }]) => [
        Type,
        DeletionPolicy,
        UpdateReplacePolicy,
      ]),
      [
        ['AWS::DynamoDB::GlobalTable', 'Retain', 'Retain'],
        ['AWS::SecretsManager::Secret', 'RetainExceptOnCreate', 'Retain'],
      ],
    )
  })

  it('that fails leaves no name behind that the next one needs', () => {
    for (const [id, resource] of all(template)) {
      const named = Object.keys(resource.Properties ?? {}).filter((name) => /^(\w*Name|Alias\w*)$/.test(name))
      if (isKept(resource))
        deepEqual(named, [], `${id} is kept, so its name has to be made by CloudFormation`)
    }
  })

  it('says where the gateway is, where to sign in, and what the operator needs next', () => {
    deepEqual(Object.keys(outputsOf(template)), [
      'PublicUrl',
      'TryLogin',
      'TableName',
      'ApiAddress',
      'CredentialsSecret',
    ])
    equal(
      outputsOf(template).TryLogin?.Value,
      'https://gateway.example.com/imsg-service/v1/login?org=<your organisation>&callback=/imsg-service/v1/units',
    )
    match(JSON.stringify(outputsOf(templateOf(least)).ApiAddress?.Value), /execute-api.*AWS::URLSuffix/)
    equal(target(outputsOf(template).TableName?.Value), 'table')
    const own = outputsOf(templateOf({ ...listening, DOMAIN_CERTIFICATE_ARN: certificate }))
    ok(!('ApiAddress' in own), 'with a domain of its own that address is closed')
    match(JSON.stringify(own.RegionalDomainName?.Value), /"domain\w+","RegionalDomainName"/)
  })

  it('has the alarm with which docs/deploy.md proves that somebody is told', () => {
    const deploying = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8')
    const [, name = ''] = /set-alarm-state --alarm-name (\S+)/.exec(deploying) ?? []
    const alarm = resourcesOf(template, 'AWS::CloudWatch::Alarm').find(
      ([, { Properties }]) => Properties.AlarmName === name,
    )
    equal(target(alarm?.[1].Properties.AlarmActions), 'alarms')
  })

  it('goes to any partition of AWS', () => {
    const folders = ['infra', 'lib', 'functions'].map((name) => new URL(`../../${name}/`, import.meta.url))
    const hard = folders.flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .flatMap((file) => readFileSync(new URL(file, folder), 'utf8').split('\n'))
        // Names of services have this ending in every partition; code is not a comment.
        .filter(
          (line) => /amazonaws\.com|arn:aws:/.test(line) && !/ServicePrincipal\('|^\s*(\*|\/)/.test(line),
        ),
    )
    deepEqual(hard, [])
    ok(
      !/amazonaws\.com|arn:aws:/.test(
        JSON.stringify(template.toJSON()).replaceAll(/"[a-z]+\.amazonaws\.com"/g, ''),
      ),
    )
  })
})

/** A template as plain texts: references written out, joins carried out, the table of the stack named `restored`. */
const flat = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(flat)
  if (typeof value !== 'object' || value === null) return value
  const { Ref: ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Record<string, unknown>
  if (ref === 'table8235A42E') return 'restored'
  if (typeof ref === 'string') return `<${ref}>`
  if (JSON.stringify(attribute) === '["table8235A42E","Arn"]')
    return 'arn:<AWS::Partition>:dynamodb:<AWS::Region>:<AWS::AccountId>:table/restored'
  if (attribute !== undefined) return `<${attribute}>`
  if (join !== undefined) return ((join as [string, unknown[]])[1] as unknown[]).map(flat).join('')
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, flat(inner)]))
}

describe('EXISTING_TABLE', () => {
  it('serves instead of a new table, and nothing else changes: variables, grants, metrics, output', () => {
    const { table8235A42E: _, ...resources } = template.toJSON().Resources
    deepEqual(flat(adopting.toJSON()), flat({ ...template.toJSON(), Resources: resources }))
    ok(JSON.stringify(adopting.toJSON()).includes('"TABLE_NAME":"restored"'))
  })
})
