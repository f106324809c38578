import { randomUUID } from 'node:crypto'
import type { JWTPayload } from 'jose'
import type { Json } from './keys.ts'
import { mappingsOf, permissionsOf } from './permissions.ts'
import type { Directory, Organisation, User } from './seed.ts'
import { now } from './stand-in.ts'

/** How long an access token lives, in seconds. */
export const accessTokenLife = 600
const idTokenLife = 8 * 3600

const lifetime = (seconds: number): Json => ({ iat: now(), exp: now() + seconds, jti: randomUUID() })

/** The claims of a person's ID token. `iss` and `aud` are not documented, so there are none. */
export const idClaims = (organisation: Organisation, { subject, groups, userinfo }: User): Json => ({
  ntt: 'id_token',
  sub: subject.organizationSubject,
  org: organisation.name,
  groups,
  userinfo,
  ...lifetime(idTokenLife),
})

/**
 * The claims of an access token for the holder of an ID token, or nothing for one who is blocked or signed
 * out.
 */
export const personClaims = (directory: Directory, idToken: JWTPayload): Json | undefined => {
  const { sub, org, iat = 0, groups, userinfo } = idToken
  const organisation = directory.organisations.find(({ name }) => name === org)
  const user = directory.users.find(({ subject }) => subject.organizationSubject === sub)
  if (organisation === undefined) return undefined
  for (const { blocked, notBefore = 0 } of user ? [organisation, user.subject] : [organisation])
    if (blocked || iat < notBefore) return undefined

  const named = Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : []
  const mapped = mappingsOf(directory, organisation, named).map(({ group }) => group)
  return {
    ntt: 'access_token',
    sub,
    org,
    groups: [...new Set(mapped)],
    permissions: permissionsOf(directory, organisation, named),
    userinfo,
    ...lifetime(accessTokenLife),
  }
}

/** The claims of an access token for an application, which belongs to no organisation here. */
export const applicationClaims = (clientId: string): Json => ({
  ntt: 'access_token',
  sub: clientId,
  org: 'platform',
  groups: [],
  permissions: { org: [], units: {} },
  ...lifetime(accessTokenLife),
})
