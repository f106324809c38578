import { createHash } from 'node:crypto'
import { isJsonObject } from '../../lib/json-object.ts'
import type { Organisation } from '../organisations.ts'
import { refuse } from '../problem.ts'
import type { Claims, Exchanged } from './exchange.ts'

/** Maps a provider's claims to a person of an organisation, with the claims of our ID token. */

export type Person = Readonly<{
  subject: string
  groups: readonly string[]
  userinfo: Readonly<Record<string, string>>
  auth_time: number | undefined
}>

/** The namespace of URLs: RFC 9562 section 6.6. */
const urlNamespace = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex')

/** A UUID of version 5: RFC 9562 section 5.5. */
export const uuid5 = (name: string): string => {
  const digest = createHash('sha1').update(urlNamespace).update(name, 'utf8').digest().subarray(0, 16)
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80
  return digest.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const own = (value: unknown, name: string): unknown =>
  isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined

/** A claim by its name, or else by its path: names of URLs hold dots too. */
const claimAt = (claims: Claims, path: string): unknown =>
  own(claims, path) ?? path.split('.').reduce<unknown>(own, claims)

const originalSubject = 'http://infomaker.io/originalSubject'
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * A stable subject: derived from the provider's issuer and subject, or taken from `originalSubject` if that
 * is trusted.
 */
const subjectOf = ({ claims, idToken }: Exchanged, { name, provider }: Organisation): string => {
  const original = provider.trustOriginalSubject ? own(idToken, originalSubject) : undefined
  if (original !== undefined) {
    const text = String(original)
    const bare = text.startsWith(`${name}_`) ? text.slice(name.length + 1) : text
    return uuid.test(bare) ? text : refuse('provider_answer_refused', 'originalSubject')
  }
  const subject = own(claims, provider.subjectClaim)
  if (typeof subject !== 'string' || subject === '') return refuse('provider_misconfigured', 'subjectClaim')
  return `${name}_${uuid5(`${String(idToken.iss)}|${subject}`)}`
}

/** Throws `person_not_allowed` unless every required claim has its value. */
const checkRequired = ({ claims }: Exchanged, { provider }: Organisation): void => {
  for (const [name, value] of Object.entries(provider.requiredClaims))
    if (own(claims, name) !== value) refuse('person_not_allowed', name)
}

/** Only groups that a mapping names, so that a person in 300 groups still gets a small token. */
const groupsOf = ({ claims }: Exchanged, { groups, provider }: Organisation): readonly string[] => {
  const value = claimAt(claims, provider.groupsClaim)
  // Entra's overage: it names an endpoint instead of sending the groups.
  if (value === undefined && own(own(claims, '_claim_names'), provider.groupsClaim) !== undefined)
    refuse('groups_overage')
  const listed: readonly unknown[] = Array.isArray(value) ? value : [value]
  const mapped = listed.filter((group): group is string => typeof group === 'string' && groups.has(group))
  return [...new Set(mapped)].sort()
}

const maxLengths = { given_name: 128, family_name: 128, email: 254, picture: 512 } as const

/** Maps verified claims to a person. Throws when that person may not sign in. */
export const personFrom = (exchanged: Exchanged, organisation: Organisation): Person => {
  checkRequired(exchanged, organisation)
  const { claims, idToken } = exchanged
  const userinfo = Object.entries(maxLengths).flatMap(([name, max]) => {
    const value = own(claims, name)
    return typeof value === 'string' && value !== '' && value.length <= max ? [[name, value] as const] : []
  })
  return {
    subject: subjectOf(exchanged, organisation),
    groups: groupsOf(exchanged, organisation),
    userinfo: Object.fromEntries(userinfo),
    auth_time: Number.isSafeInteger(idToken.auth_time) ? Number(idToken.auth_time) : undefined,
  }
}
