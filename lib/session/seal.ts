import { hash } from 'node:crypto'
import type { Jar } from '../http/cookies.ts'
import type { Incoming } from '../http/messages.ts'
import type { Claims } from './token.ts'

/**
 * The seal names the person who signed in at this gateway, in a `__Host-` cookie that no other host can set
 * (docs/login.md). It does not name a token, so a token renewed by another service is accepted.
 */

type Person = Pick<Claims, 'org' | 'subject'>

/** Seals by claims object, because polls need the same one repeatedly. */
const known = new WeakMap<Person, string>()

/** The seal of this person: SHA-256 over organisation and subject, base64url. */
export const sealOf = (person: Person): string => {
  const seal =
    known.get(person) ??
    hash('sha256', JSON.stringify(['imsg-seal', person.org, person.subject]), 'base64url')
  known.set(person, seal)
  return seal
}

/** The seal of a request, or undefined without one. Several different seals are '', which matches nobody. */
export const sealIn = (request: Incoming, jar: Pick<Jar, 'sealName'>): string | undefined => {
  const [seal, ...others] = new Set(request.cookies.values(jar.sealName))
  return others.length > 0 ? '' : seal
}
