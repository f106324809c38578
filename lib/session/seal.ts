import { hash } from 'node:crypto'
import type { Jar } from '../http/cookies.ts'
import type { Incoming } from '../http/messages.ts'
import type { Claims } from './token.ts'

/**
 * The seal says who signed in at this gateway, in a `__Host-` cookie that no other host can set: contract,
 * section 4. It names a person and not a token, so a token renewed by another service still counts.
 */

type Person = Pick<Claims, 'org' | 'subject'>

/** The seals of tokens seen before: a poll asks for the same one again and again. */
const known = new WeakMap<Person, string>()

/** The seal of this person: SHA-256 over organisation and subject, base64url. */
export const sealOf = (person: Person): string => {
  const seal =
    known.get(person) ??
    hash('sha256', JSON.stringify(['imsg-seal', person.org, person.subject]), 'base64url')
  known.set(person, seal)
  return seal
}

/** The seal that a request brings; one that nobody has when it brings several. Undefined without any. */
export const sealIn = (request: Incoming, jar: Pick<Jar, 'sealName'>): string | undefined => {
  const [seal, ...others] = new Set(request.cookies.values(jar.sealName))
  return others.length > 0 ? '' : seal
}
