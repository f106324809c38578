import { deepEqual, equal } from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Template } from 'aws-cdk-lib/assertions'
import { routes } from '../../lib/routes.ts'
import { good, resourcesOf, stackOf } from '../../test/infra/synthesised.ts'

type Variables = Record<string, unknown>

const templateWith = (more: Record<string, string>) =>
  Template.fromStack(stackOf({ ...good, ADMIN_API_URL: '', ACCESS_TOKEN_URL: '', ...more }))

/** The variables of every function, taken out of a template. */
const variablesIn = (template: Template): Variables[] =>
  resourcesOf(template, 'AWS::Lambda::Function').flatMap(([, { Properties }]) => {
    const { Variables } = (Properties.Environment ?? {}) as { Variables?: Variables }
    return Variables ? [Variables] : []
  })

describe('The gateway stack with this identity service', () => {
  it('differs from one without it only in two environment variables of its functions', () => {
    const without = templateWith({})
    const ORGANISATIONS = join(import.meta.dirname, '..', 'organisations.example.json')
    const beside = templateWith({ ORGANISATIONS, IMAS_LOGOUT_PATH: '/v1/org/{org}/logout' })
    const added = variablesIn(beside).map((variables) => {
      const { ORGANISATIONS, IMAS_LOGOUT_PATH, ...others } = variables
      return { variables, others, two: [ORGANISATIONS, IMAS_LOGOUT_PATH] }
    })
    equal(added.length, Object.keys(routes).length)
    for (const { variables, others, two } of added) {
      deepEqual(two, ['organisations.json', '/v1/org/{org}/logout'])
      for (const name of Object.keys(variables)) delete variables[name]
      Object.assign(variables, others)
    }
    deepEqual(beside.toJSON(), without.toJSON())
  })
})
