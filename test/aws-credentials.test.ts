import { deepEqual } from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { defaultProvider } from '../lib/lambda/aws-credentials.ts'

const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const
const given = Object.fromEntries(names.map((name) => [name, process.env[name]]))

const read = (...values: readonly (string | undefined)[]) => {
  for (const [index, name] of names.entries()) {
    delete process.env[name]
    if (values[index] !== undefined) process.env[name] = values[index]
  }
  return defaultProvider()()
}

describe('The credentials of a function', () => {
  afterEach(() => {
    for (const [name, value] of Object.entries(given))
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
  })

  it('are those that Lambda puts into its environment', async () =>
    deepEqual(await read('id', 'secret', 'session'), {
      accessKeyId: 'id',
      secretAccessKey: 'secret',
      sessionToken: 'session',
    }))

  it('go without a session token where there is none', async () =>
    deepEqual(await read('id', 'secret'), { accessKeyId: 'id', secretAccessKey: 'secret' }))

  it('are empty where there are none, so that DynamoDB refuses them', async () =>
    deepEqual(await read(), { accessKeyId: '', secretAccessKey: '' }))
})
