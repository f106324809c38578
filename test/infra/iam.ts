import { deepEqual, equal } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { routes } from '../../lib/routes.ts'
import { listening, propertiesOf, resourcesOf, target, templateOf } from './synthesised.ts'

type Statement = Readonly<{
  Effect: string
  Action: string | string[]
  Resource: unknown
  Condition?: Record<string, Record<string, unknown>>
}>

const template = templateOf(listening)
const snapshot = new URL('./iam.snapshot.txt', import.meta.url)

const listed = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value])

/** The statements of the role of a route's function. */
const granted = (name: string): Statement[] => {
  const [, handler] =
    resourcesOf(template, 'AWS::Lambda::Function').find(
      ([id]) => target({ Ref: id }) === name.replaceAll('-', ''),
    ) ?? []
  const role = target(handler?.Properties.Role)
  return propertiesOf(template, 'AWS::IAM::Policy')
    .filter(({ Roles }) => (Roles as unknown[]).some((one) => target(one) === role))
    .flatMap(({ PolicyDocument }) => (PolicyDocument as { Statement: Statement[] }).Statement)
}

const readable = ({ Effect, Action, Resource, Condition = {} }: Statement): string => {
  const where = Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]) => `${operator} ${key} ${listed(value).join(' ')}`),
  )
  const what = `${Effect.toLowerCase()} ${listed(Action).toSorted().join(', ')} on ${listed(Resource).map(target)}`
  return [what, ...where].join('\n      if ')
}

describe('The grants of the functions', () => {
  it('are those of the committed list (UPDATE_SNAPSHOTS=1 writes it)', () => {
    const text = Object.keys(routes)
      .map((name) => [name, ...granted(name).map((one) => `  ${readable(one)}`)].join('\n'))
      .join('\n\n')
    const { UPDATE_SNAPSHOTS } = process.env
    if (UPDATE_SNAPSHOTS === '1') writeFileSync(snapshot, `${text}\n`)
    equal(`${text}\n`, readFileSync(snapshot, 'utf8'))
  })

  it('come only from the role of the function, without managed or inline policies', () => {
    for (const role of propertiesOf(template, 'AWS::IAM::Role'))
      deepEqual(Object.keys(role), ['AssumeRolePolicyDocument'])
    template.resourceCountIs('AWS::IAM::ManagedPolicy', 0)
  })
})
