import { type BufferedRequest, json, type Reply } from './exchange.ts'
import { BadInput, jsonBody, type Members } from './input.ts'
import { signed } from './keys.ts'
import type { StandIn } from './stand-in.ts'
import { accessTokenLife, applicationClaims } from './tokens.ts'

const refused = (error: string, status = 400): Reply => json({ error }, status)

const toApplication = (standIn: StandIn, { client_id, client_secret }: Members): Reply => {
  const { clientId, clientSecret } = standIn.credentials
  if (client_id !== clientId || client_secret !== clientSecret) return refused('invalid_client', 401)
  const access_token = signed(standIn.ring.signing, applicationClaims(clientId))
  standIn.accessTokens.add(access_token)
  return json({ access_token, token_type: 'Bearer', expires_in: accessTokenLife })
}

/**
 * `POST /v1/token`: an access token for the credentials of an application, the only kind the gateway uses.
 */
export const tokenService = (standIn: StandIn, asked: BufferedRequest): Reply => {
  try {
    const body = jsonBody(asked.body)
    if (body.grant_type === 'client_credentials') return toApplication(standIn, body)
    return refused('unsupported_grant_type')
  } catch (error) {
    if (error instanceof BadInput) return refused('invalid_request')
    throw error
  }
}
