import { equal, rejects } from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { localAws } from '../../local/database.ts'
import { clientSecrets, tables } from '../aws-clients.ts'
import { startKms } from '../local/kms.ts'

Object.assign(process.env, localAws)

const secretsIn = async (test: TestContext, text: string) => {
  const { url, close } = await startKms(text)
  test.after(close)
  const env = { CLIENT_SECRETS: 'client-secrets', AWS_ENDPOINT_URL_SECRETS_MANAGER: url }
  return { secretOf: clientSecrets(env), close }
}

it('The client secret is looked up by the name of the organisation', async (test) => {
  const { secretOf } = await secretsIn(test, '{"demo":"one","second":"two"}')
  equal(`${await secretOf('demo')} ${await secretOf('second')}`, 'one two')
})

it('An organisation without a usable client secret is refused as misconfigured', async (test) => {
  const { secretOf } = await secretsIn(test, '{"demo":"one","empty":"","number":5}')
  for (const org of ['other', 'constructor', 'empty', 'number'])
    await rejects(secretOf(org), { code: 'provider_misconfigured' }, org)
})

it('A missing client secret is looked up again by the next sign-in', async (test) => {
  const { secretOf, close } = await secretsIn(test, '{"demo":"one"}')
  await rejects(secretOf('other'))
  await close()
  await rejects(secretOf('demo'), { code: 'provider_misconfigured' }, 'not from the cache')
})

it('The error about client secrets that are not JSON does not quote them', async (test) => {
  const { secretOf } = await secretsIn(test, 'canary')
  await rejects(secretOf('demo'), (error: Error & { code?: string }) => {
    equal(error.code, 'provider_misconfigured')
    return !`${error.message} ${error.cause}`.includes('canary')
  })
})

it('Client secrets are cached for five minutes', async (test) => {
  test.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const { secretOf, close } = await secretsIn(test, '{"demo":"one"}')
  await secretOf('demo')
  await close()
  test.mock.timers.tick(300_000)
  equal(await secretOf('demo'), 'one')
  test.mock.timers.tick(1)
  await rejects(secretOf('demo'), { code: 'provider_misconfigured' })
})

it('GATEWAY_TABLES gives one table per gateway, and none when it is missing', () => {
  equal(tables({ GATEWAY_TABLES: 'first,second' }).gatewayTables.length, 2)
  equal(tables({}).gatewayTables.length, 0)
})
