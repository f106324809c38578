import { deepEqual } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { functionNames } from '../../identity/infra/bundling.ts'
import { readDeployment } from '../../identity/infra/settings.ts'
import { ImsgIdentity } from '../../identity/infra/stack.ts'
import type { Texts } from '../../infra/settings.ts'
import { root } from '../../local/synthesis.ts'
import { everything, good, least, resourcesOf, templateOf } from '../infra/synthesised.ts'
import { engine } from './python.ts'

/** Every template that the settings can make, checked by cfn-lint for all regions. */

const bin = engine('cfn-lint')

const certificate = (partition: string, region: string): string =>
  `arn:${partition}:acm:${region}:123456789012:certificate/0123abcd-4567-89ef-0123-456789abcdef`

/** Settings that change the template. */
const combinations: Readonly<Record<string, { texts: Texts; regions?: readonly string[] }>> = {
  'a gateway with the required settings': { texts: least },
  'a gateway with all settings': { texts: { ...everything, STAGE_NAME: 'production' } },
  'a gateway in GovCloud': {
    texts: { ...good, DOMAIN_CERTIFICATE_ARN: certificate('aws-us-gov', 'us-gov-west-1') },
    regions: ['us-gov-west-1', 'us-gov-east-1'],
  },
  'a gateway in China': {
    texts: { ...good, DOMAIN_CERTIFICATE_ARN: certificate('aws-cn', 'cn-north-1') },
    regions: ['cn-north-1', 'cn-northwest-1'],
  },
}

/** The template of the identity service. Its functions have no code, which cfn-lint does not check. */
const identityTemplate = (texts: Readonly<Record<string, string>>): object => {
  const bundles = join(folder, 'identity')
  for (const name of functionNames) mkdirSync(join(bundles, name), { recursive: true })
  const deployment = readDeployment({
    PUBLIC_URL: 'https://gateway.example.com',
    ORGANISATIONS: join(root, 'identity', 'organisations.example.json'),
    SIGNING_KEYS: '2026-11-27,2026-10-01',
    GATEWAY_TABLES: 'gateway-table',
    ...texts,
  })
  return Template.fromStack(new ImsgIdentity(new App(), 'ImsgIdentity', { deployment, bundles })).toJSON()
}

const identityCombinations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'an identity service': {},
  'an identity service with all settings': {
    IDENTITY_URL: 'https://identity.example.com',
    IDENTITY_CERTIFICATE_ARN: certificate('aws', 'eu-north-1'),
    IDENTITY_HOSTED_ZONE_ID: 'Z0123456789ABCDEFGHIJ',
    ALARM_EMAIL: 'operators@example.com',
    STAGE_NAME: 'production',
  },
}

const everyday = ['eu-north-1', 'eu-central-1', 'us-east-1', 'ap-northeast-1']

/** CDK's style: redundant dependencies, and Fn::Join instead of Fn::Sub. */
const accepted = ['W3005', 'I1022']

const folder = join(root, '.local', 'engines', 'templates')
mkdirSync(folder, { recursive: true })

type Match = Readonly<{ Rule: { Id: string }; Message: string; Location: { Path: readonly unknown[] } }>

/** cfn-lint's errors, warnings and advice for a template: `rule place message`. */
const findings = (name: string, template: object, regions: readonly string[] = everyday): string[] => {
  const file = join(folder, `${name.replaceAll(' ', '-')}.template.json`)
  writeFileSync(file, JSON.stringify(template))
  const options = ['--format', 'json', '--include-checks', 'I', '--ignore-checks', ...accepted]
  const where = ['--regions', ...regions, '--template', file]
  const program = join(bin ?? '', 'cfn-lint')
  const { stdout, stderr } = spawnSync(program, [...options, ...where], { encoding: 'utf8' })
  if (!stdout) throw new Error(`cfn-lint: ${stderr}`)
  const matches: readonly Match[] = JSON.parse(stdout)
  return matches.map(({ Rule, Message, Location }) => `${Rule.Id} ${Location.Path?.join('/')} ${Message}`)
}

if (bin)
  describe('cfn-lint', () => {
    for (const [name, { texts, regions }] of Object.entries(combinations))
      it(`finds nothing in the template of ${name}`, () =>
        deepEqual(findings(name, templateOf(texts).toJSON(), regions), []))

    for (const [name, texts] of Object.entries(identityCombinations))
      it(`finds nothing in the template of ${name}`, () =>
        deepEqual(findings(name, identityTemplate(texts)), []))

    it('reports a property that does not exist', () => {
      const template = templateOf(least).toJSON()
      const [[id = ''] = []] = resourcesOf(templateOf(least), 'AWS::ApiGatewayV2::Stage')
      template.Resources[id].Properties.AccessLogSetting = {}
      const found = findings('a wrong property', template)
      deepEqual([found.length, found[0]?.split(' ')[0]], [1, 'E3002'])
    })
  })
