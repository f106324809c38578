import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DeleteItemCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { stateKey } from '../../lib/store/keys.ts'
import { region } from '../../local/database.ts'
import { person, screenshot } from './chromium.ts'
import { overHttp } from './gateways.ts'
import { choose, codeOn, cookiesNamed, loginUrl, says, signedIn } from './steps.ts'

const at = await overHttp()

/** What the very first minute looks like: nothing was ever fetched, and new instances know nothing. */
const forgetState = async (): Promise<void> => {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new DynamoDBClient({ endpoint: at.stack.databaseUrl, region, credentials })
  const { TableNames = [] } = await client.send(new ListTablesCommand({}))
  for (const TableName of TableNames)
    await client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: stateKey } } }))
  client.destroy()
  at.stack.restart()
}

describe('a user who may not enter', () => {
  it('is stopped when a service sends them round and round, and told what it may be', async () => {
    const desk = `${at.at('app.localhost')}/desk`
    at.front.services.set('app.localhost/desk', (_, response) =>
      response.writeHead(302, { location: loginUrl(at, desk) }).end(),
    )
    const context = await person()
    const page = await context.newPage()
    await page.goto(desk)
    for (let round = 0; round < 5; round++) {
      await page.getByRole('heading', { name: 'Sign in to Demo News' }).waitFor()
      await choose(page)
      await page.waitForLoadState()
    }
    await page.getByRole('heading', { name: 'The login keeps repeating' }).waitFor()
    equal(await codeOn(page), 'login_loop')
    equal(await page.getByRole('link', { name: 'Sign in again' }).count(), 1)
    await screenshot(page, 'error-loop')

    // Only that way is shut: another page can still be signed in to.
    await page.goto(loginUrl(at, '/'))
    await choose(page)
    await says(page, 'Signed in')
    await context.close()
  })
})

describe('when the identity service is down', () => {
  it('and nothing is known yet, a page says whose fault it is not, and how to try again', async () => {
    const context = await person()
    const mine = await signedIn(context, at)
    await at.control({ do: 'down' })
    await forgetState()

    const page = await context.newPage()
    await page.goto(loginUrl(at, '/'))
    await page.getByRole('heading', { name: 'Signing in is not possible right now' }).waitFor()
    equal(await codeOn(page), 'state_missing')
    await screenshot(page, 'error-unavailable')

    await mine.getByRole('button', { name: 'Ask now' }).click()
    await says(mine, 'Gateway not available')
    await mine.getByText('This is no sign-out').waitFor()
    equal((await cookiesNamed(context, /^imidToken$/)).length, 1)
    await screenshot(mine, 'demo-unavailable')

    await at.control({ do: 'up' })
    await at.stack.invoke('refresh-state')
    await page.getByRole('link', { name: 'Try again' }).click()
    await choose(page)
    await says(page, 'Signed in')
    await says(mine, 'Signed in')
    await context.close()
  })
})
