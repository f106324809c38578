import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { routes } from '../../lib/routes.ts'
import { listening, resourcesOf, target, templateOf } from './synthesised.ts'

type Statement = Readonly<{
  Effect: string
  Action: string | string[]
  Resource: unknown
  Condition?: Record<string, Record<string, unknown>>
}>

const template = templateOf(listening)
const snapshot = new URL('./iam.snapshot.txt', import.meta.url)
const policyTypes = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::SNS::TopicPolicy']

const statements = (document: unknown): Statement[] => (document as { Statement: Statement[] }).Statement
const listed = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value])

/** The statements of the role of a route's function. */
const granted = (name: string): Statement[] => {
  const id = name.replaceAll('-', '')
  const [, handler] =
    resourcesOf(template, 'AWS::Lambda::Function').find(([key]) => target({ Ref: key }) === id) ?? []
  const { Role } = handler?.Properties ?? {}
  return resourcesOf(template, 'AWS::IAM::Policy').flatMap(([, { Properties }]) => {
    const { Roles, PolicyDocument } = Properties
    return (Roles as unknown[]).some((one) => target(one) === target(Role)) ? statements(PolicyDocument) : []
  })
}

const readable = ({ Effect, Action, Resource, Condition = {} }: Statement): string => {
  const where = Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]) => `${operator} ${key} ${listed(value).join(' ')}`),
  )
  const what = `${Effect.toLowerCase()} ${listed(Action).toSorted().join(', ')} on ${listed(Resource).map(target)}`
  return [what, ...where].join('\n      if ')
}

describe('the grants', () => {
  it('are those of the committed list (UPDATE_SNAPSHOTS=1 writes it anew)', () => {
    const text = Object.keys(routes)
      .map((name) => [name, ...granted(name).map((one) => `  ${readable(one)}`)].join('\n'))
      .join('\n\n')
    const { UPDATE_SNAPSHOTS } = process.env
    if (UPDATE_SNAPSHOTS === '1') writeFileSync(snapshot, `${text}\n`)
    equal(`${text}\n`, readFileSync(snapshot, 'utf8'))
  })

  it('hold no wildcard action and no wildcard resource', () => {
    const all = policyTypes.flatMap((type) =>
      resourcesOf(template, type).flatMap(
        ([
          ,
          {
            Properties: { PolicyDocument },
          },
        ]) => statements(PolicyDocument),
      ),
    )
    ok(all.length > Object.keys(routes).length)
    for (const { Effect, Action, Resource } of all) {
      if (Effect !== 'Allow') continue
      deepEqual(
        listed(Action).filter((action) => action.includes('*')),
        [],
      )
      deepEqual(
        listed(Resource).filter((resource) => JSON.stringify(resource).includes('*')),
        [],
      )
    }
  })

  it('come from the role of the function alone: nothing managed, nothing inline', () => {
    for (const [, { Properties }] of resourcesOf(template, 'AWS::IAM::Role'))
      deepEqual(Object.keys(Properties), ['AssumeRolePolicyDocument'])
    deepEqual(resourcesOf(template, 'AWS::IAM::ManagedPolicy'), [])
  })
})
