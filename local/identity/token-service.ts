import { type Asked, bearer, json, type Reply, sessionCookie } from './exchange.ts'
import { BadInput, jsonBody, type Members } from './input.ts'
import { type Json, signed, verified } from './keys.ts'
import type { StandIn } from './stand-in.ts'
import { accessTokenLife, applicationClaims, personClaims } from './tokens.ts'

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

const refused = (error: string, status = 400): Reply => json({ error }, status)

const fields = ({ headers, body }: Asked): Members => {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded')
  if (isForm) return Object.fromEntries(new URLSearchParams(body))
  return body === '' ? {} : jsonBody(body)
}

const granted = ({ ring }: StandIn, claims: Json): Reply =>
  json({ access_token: signed(ring.signing, claims), token_type: 'Bearer', expires_in: accessTokenLife })

const toApplication = (standIn: StandIn, { client_id, client_secret }: Members): Reply => {
  const { clientId, clientSecret } = standIn.credentials
  const isKnown = client_id === clientId && client_secret === clientSecret
  return isKnown ? granted(standIn, applicationClaims(clientId)) : refused('invalid_client', 401)
}

const toPerson = async (standIn: StandIn, asked: Asked): Promise<Reply> => {
  const token = asked.query.get('imid_token') ?? sessionCookie(asked) ?? bearer(asked) ?? ''
  const idToken = await verified(standIn.ring, token, 'id_token')
  const claims = idToken && personClaims(standIn.directory, idToken)
  // RFC 8693, section 2.2.2: a token that does not hold is an invalid request.
  return claims ? granted(standIn, claims) : refused('invalid_request')
}

/** `POST /v1/token`: an access token for an application's credentials or for a person's ID token. */
export const tokenService = async (standIn: StandIn, asked: Asked): Promise<Reply> => {
  try {
    const body = fields(asked)
    const { grant_type = asked.query.get('grant_type') } = body
    if (grant_type === 'client_credentials') return toApplication(standIn, body)
    if (grant_type === exchangeGrant) return await toPerson(standIn, asked)
    return refused(grant_type ? 'unsupported_grant_type' : 'invalid_request')
  } catch (error) {
    if (error instanceof BadInput) return refused('invalid_request')
    throw error
  }
}
