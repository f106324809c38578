import type { Context } from 'aws-lambda'
import { awsCalls } from '../../local/aws.ts'
import { localAws, openDynalite } from '../../local/database.ts'
import type { Functions } from '../../local/functions.ts'
import { startIdentity } from '../../local/identity/server.ts'
import { listenOnLoopback } from '../../local/listening.ts'

const credentials = { clientId: 'gateway', clientSecret: 'canary-client-secret' }

/** The gateway's table as parameters of CreateTable. */
export const schema = {
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  BillingMode: 'PAY_PER_REQUEST' as const,
}

/** The context of a call that has this many milliseconds left. */
export const contextFor = (milliseconds: number): Context => {
  const deadline = Date.now() + milliseconds
  const getRemainingTimeInMillis = () => Math.max(0, deadline - Date.now())
  return { awsRequestId: 'test', getRemainingTimeInMillis } as unknown as Context
}

/** Controls the identity stand-in at this address: its switches and its tokens. */
export const standInAt = (url: string | undefined) => {
  const control = async (command: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${url}/_control`, { method: 'POST', body: JSON.stringify(command) })
    if (!answer.ok) throw new Error(`control: ${await answer.text()}`)
    return answer.json() as Promise<Record<string, unknown>>
  }
  /** A token of `editor` at `demo`. The claims and further members replace its own. */
  const token = async (claims: Record<string, unknown> = {}, more: Record<string, unknown> = {}) =>
    String((await control({ do: 'issue', claims, ...more })).token)
  return { control, token }
}

/** Starts an identity stand-in. */
export const openIdentity = () => startIdentity({ port: 0, ...credentials })

/** Starts identity stand-in, database and the stand-in for AWS, whose Lambda calls go to `invoke`. */
export const openServices = async (invoke: Functions['invoke'] = () => undefined) => {
  const [identity, database] = await Promise.all([openIdentity(), openDynalite(undefined)])
  const aws = await listenOnLoopback(awsCalls({ invoke }, credentials), 0)
  const awsUrl = `http://127.0.0.1:${aws.port}`
  return {
    ...standInAt(identity.url),
    identityUrl: identity.url,
    databaseUrl: database.url,
    /** Settings of a gateway with these services. */
    settings: {
      IMAS_URL: identity.url,
      ADMIN_API_URL: identity.url,
      ACCESS_TOKEN_URL: identity.url,
      TOKEN_ISSUER: 'unchecked',
      TOKEN_AUDIENCE: 'unchecked',
    },
    /** Variables that Lambda sets, and the addresses of AWS. */
    platform: {
      ...localAws,
      AWS_ENDPOINT_URL_DYNAMODB: database.url,
      AWS_ENDPOINT_URL_LAMBDA: awsUrl,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: awsUrl,
    },
    close: async (): Promise<void> => {
      await Promise.all([identity.close(), database.close(), aws.close()])
    },
  }
}
