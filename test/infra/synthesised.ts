import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import cdk from '../../cdk.json' with { type: 'json' }
import { readDeployment, type Texts } from '../../infra/settings.ts'
import { ImsgService } from '../../infra/stack.ts'

/** Valid settings. */
export const good = {
  PUBLIC_URL: 'https://gateway.example.com',
  IMAS_URL: 'https://imas.example.com',
  ADMIN_API_URL: 'https://admin.example.com',
  ACCESS_TOKEN_URL: 'https://access-token.example.com',
  COOKIE_DOMAIN: 'example.com',
  CORS_ALLOWED_ORIGINS: 'https://editor.example.com,https://other.example.com',
  CORS_ALLOWED_ADDITIONAL_HEADERS: 'X-Request-Id',
  TOKEN_ISSUER: 'https://imas.example.com',
  TOKEN_AUDIENCE: 'https://gateway.example.com',
  GRACE_PERIOD: '7200',
} as const

/** The same, with a recipient of alarms. */
export const listening = { ...good, ALARM_EMAIL: 'operators@example.com' } as const

/** All settings that add a resource to the template. */
export const everything = {
  ...listening,
  DOMAIN_CERTIFICATE_ARN:
    'arn:aws:acm:eu-north-1:123456789012:certificate/0123abcd-4567-89ef-0123-456789abcdef',
  HOSTED_ZONE_ID: 'Z0123456789ABCDEFGHIJ',
  LOGIN_BINDING: 'off',
} as const

/** The required settings only. */
export const least = {
  IMAS_URL: 'https://imas.example.com',
  TOKEN_ISSUER: 'unchecked',
  TOKEN_AUDIENCE: 'unchecked',
} as const

/** A stack in an app of its own, without bundling. */
export const stackOf = (texts: Texts, name = 'imsg-service'): ImsgService => {
  const context = { ...cdk.context, 'aws:cdk:bundling-stacks': [], 'aws:cdk:enable-asset-metadata': true }
  return new ImsgService(
    new App({ context, builtinCloudFormationValidation: false }),
    name,
    readDeployment(texts),
  )
}

export type Properties = Readonly<Record<string, unknown>>
export type Resource = Readonly<{
  Type: string
  Properties: Properties
  Metadata?: Properties
  DependsOn?: string[]
  DeletionPolicy?: string
  UpdateReplacePolicy?: string
}>

/** The resources of one type, by logical id. */
export const resourcesOf = (template: Template, type: string): [id: string, resource: Resource][] =>
  Object.entries(template.findResources(type)).map(([id, resource]) => [id, resource as Resource])

/** The properties of the resources of one type. */
export const propertiesOf = (template: Template, type: string): Properties[] =>
  resourcesOf(template, type).map(([, { Properties }]) => Properties)

/** The only resource of this type. */
export const only = (template: Template, type: string): Resource => {
  const [[, found] = [], ...others] = resourcesOf(template, type)
  if (!found || others.length > 0) throw new TypeError(`there is not exactly one ${type}`)
  return found
}

/** The logical id that an intrinsic function refers to, without its hash, or the text itself. */
export const target = (value: unknown): string => {
  if (typeof value === 'string') return value
  const [, id] = /"(?:Ref|Fn::GetAtt)":\s*\[?"([A-Za-z0-9:]+)/.exec(JSON.stringify(value)) ?? []
  return id ? id.replace(/[0-9A-F]{8}$/, '') : JSON.stringify(value)
}

const made = new Map<string, Template>()

/** The template for these settings, synthesised only once because that is slow. */
export const templateOf = (texts: Texts): Template => {
  const key = JSON.stringify(texts)
  const template = made.get(key) ?? Template.fromStack(stackOf(texts))
  made.set(key, template)
  return template
}
