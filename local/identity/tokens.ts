import { randomUUID } from 'node:crypto'
import type { Json } from './keys.ts'
import type { Organisation, User } from './seed.ts'
import { now } from './stand-in.ts'

/** Lifetime of an access token, in seconds. */
export const accessTokenLife = 600
const idTokenLife = 8 * 3600

const lifetime = (seconds: number): Json => ({ iat: now(), exp: now() + seconds, jti: randomUUID() })

/** The claims of a person's ID token. It has no `iss` and `aud`, because they are not documented. */
export const idClaims = (organisation: Organisation, { subject, groups, userinfo }: User): Json => ({
  ntt: 'id_token',
  sub: subject.organizationSubject,
  org: organisation.name,
  groups,
  userinfo,
  ...lifetime(idTokenLife),
})

/** The claims of an access token for an application, which belongs to no organisation here. */
export const applicationClaims = (clientId: string): Json => ({
  ntt: 'access_token',
  sub: clientId,
  org: 'platform',
  groups: [],
  permissions: { org: [], units: {} },
  ...lifetime(accessTokenLife),
})
