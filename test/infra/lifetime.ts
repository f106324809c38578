import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Template } from 'aws-cdk-lib/assertions'
import { root } from '../../local/synthesis.ts'
import {
  everything,
  least,
  listening,
  propertiesOf,
  type Resource,
  resourcesOf,
  target,
  templateOf,
} from './synthesised.ts'

/** What a deployment keeps, outputs and reuses. */

const template = templateOf(listening)
const outputsOf = (from: Template): Record<string, { Value: unknown }> => from.toJSON().Outputs

describe('A deployment', () => {
  it('keeps the logical ids of resources with data or an address of earlier releases', () => {
    const idOf = (from: Template, type: string) => resourcesOf(from, type)[0]?.[0]
    for (const from of [template, templateOf(least)]) {
      const forgotten = 'a new id would create an empty table'
      equal(idOf(from, 'AWS::DynamoDB::GlobalTable'), 'table8235A42E', forgotten)
      equal(idOf(from, 'AWS::ApiGatewayV2::Api'), 'apiC8550315', 'a new id would change the address')
    }
    const secret = idOf(template, 'AWS::SecretsManager::Secret')
    equal(secret, 'credentialsE4920838', 'a new id would create an empty secret')
  })

  it('retains only the table and the secret when the stack is deleted, under generated names', () => {
    const resources = Object.values<Resource>(template.toJSON().Resources)
    const kept = resources.filter(({ DeletionPolicy = 'Delete' }) => DeletionPolicy !== 'Delete')
    deepEqual(
      kept.map(({ Type, DeletionPolicy, UpdateReplacePolicy }) => [
        Type,
        DeletionPolicy,
        UpdateReplacePolicy,
      ]),
      [
        ['AWS::DynamoDB::GlobalTable', 'Retain', 'Retain'],
        // A failed first deployment deletes the secret, which is only a placeholder then.
        ['AWS::SecretsManager::Secret', 'RetainExceptOnCreate', 'Retain'],
      ],
    )
    for (const { Properties } of kept)
      deepEqual(
        Object.keys(Properties).filter((name) => /^(\w*Name|Alias\w*)$/.test(name)),
        [],
      )
  })

  it('outputs the URL of the gateway, a login URL, and what the operator needs next', () => {
    const outputs = outputsOf(template)
    const names = ['PublicUrl', 'TryLogin', 'TableName', 'ApiAddress', 'CredentialsSecret']
    deepEqual(Object.keys(outputs), names)
    equal(
      outputs.TryLogin?.Value,
      'https://gateway.example.com/imsg-service/v1/login?org=<your organisation>&callback=/imsg-service/v1/units',
    )
    match(JSON.stringify(outputsOf(templateOf(least)).ApiAddress?.Value), /execute-api.*AWS::URLSuffix/)
    equal(target(outputs.TableName?.Value), 'table')
    const own = outputsOf(templateOf(everything))
    ok(!('ApiAddress' in own), 'with its own domain, that address is disabled')
    match(JSON.stringify(own.RegionalDomainName?.Value), /"domain\w+","RegionalDomainName"/)
  })

  it('has the alarm that docs/deploy.md uses to test notifications', () => {
    const deploying = readFileSync(join(root, 'docs', 'deploy.md'), 'utf8')
    const [, name = ''] = /set-alarm-state --alarm-name (\S+)/.exec(deploying) ?? []
    const alarms = propertiesOf(template, 'AWS::CloudWatch::Alarm').map(({ AlarmName }) => AlarmName)
    ok(alarms.includes(name), name)
  })

  it('names no AWS partition', () => {
    const lines = globSync('{infra,lib,functions}/**/*.ts', { cwd: root }).flatMap((file) =>
      readFileSync(join(root, file), 'utf8').split('\n'),
    )
    // Service principals end in amazonaws.com in every partition. Comments are ignored.
    const hard = lines.filter(
      (line) => /amazonaws\.com|arn:aws:/.test(line) && !/ServicePrincipal\('|^\s*(\*|\/)/.test(line),
    )
    deepEqual(hard, [])
    const text = JSON.stringify(template.toJSON()).replaceAll(/"[a-z]+\.amazonaws\.com"/g, '')
    ok(!/amazonaws\.com|arn:aws:/.test(text))
  })

  it('uses the table of EXISTING_TABLE everywhere instead of its own', () => {
    const adopting = templateOf({ ...listening, EXISTING_TABLE: 'restored' }).toJSON()
    const { table8235A42E: _, ...resources } = template.toJSON().Resources
    const uses = (from: object, table: RegExp) => JSON.stringify(from).match(table)?.length
    equal(uses(adopting, /restored/g), uses({ ...template.toJSON(), Resources: resources }, /table8235A42E/g))
    deepEqual(Object.keys(adopting.Resources), Object.keys(resources))
    ok(!JSON.stringify(adopting).includes('table8235A42E'))
  })
})
