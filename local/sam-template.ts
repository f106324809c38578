import { isJsonObject } from '../lib/json-object.ts'
import { methodAndPath, type Route } from '../lib/routes.ts'
import type { Resource, Template } from './cloudformation.ts'
import type { Plan } from './template.ts'

/** Values for `sam local`: further variables, and the processor architecture of this machine. */
export type Here = Readonly<{ variables: Readonly<Record<string, string>>; arch: string }>

/** SAM names functions by their path metadata, and warns about every other resource that has one. */
const withoutPath = ({ Metadata, ...resource }: Resource): Resource => {
  const { 'aws:cdk:path': _, ...metadata } = Metadata ?? {}
  return { ...resource, Metadata: metadata }
}

/** CDK writes dependencies that a reference already implies. `sam validate --lint` refuses those. */
const lint = { 'cfn-lint': { config: { ignore_checks: ['W3005'] } } }

/**
 * The synthesised template in a form that `sam local` can run. SAM empties variables that are not text,
 * passes on only variables of the template, and would emulate another processor, although bundles run on any.
 */
export const samTemplate = (template: Template, { functions }: Plan, { variables, arch }: Here): Template => {
  const Resources = Object.fromEntries(
    Object.entries(template.Resources).map(([id, resource]) => [id, withoutPath(resource)]),
  )
  for (const { id, folder, variables: own } of functions) {
    const {
      Properties = {},
      Metadata = {},
      ...resource
    } = template.Resources[id] ?? { Type: 'AWS::Lambda::Function' }
    const environment = isJsonObject(Properties.Environment) ? Properties.Environment : {}
    Resources[id] = {
      ...resource,
      Properties: {
        ...Properties,
        Architectures: [arch === 'arm64' ? 'arm64' : 'x86_64'],
        Environment: { ...environment, Variables: { ...own, ...variables } },
      },
      Metadata: { ...Metadata, 'aws:asset:path': folder },
    }
  }
  return { ...template, Metadata: lint, Resources }
}

/**
 * The default event to invoke a function with: a plain request in payload 2.0, or the event of the schedule.
 */
export const standardEvent = (route: Route): object => {
  const at = methodAndPath(route)
  if (!at) return {}
  const { method, path } = at
  return {
    version: '2.0',
    routeKey: `${method} ${path}`,
    rawPath: path,
    rawQueryString: '',
    headers: { accept: 'application/problem+json' },
    isBase64Encoded: false,
    requestContext: {
      requestId: 'sam-local-invoke',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'sam' },
      stage: '$default',
    },
  }
}
