import type { Command } from './command.ts'
import { bad, member, members, only, optional, text } from './input.ts'
import { type Key, type KeyRing, newKey, signed } from './keys.ts'
import type { Directory, Organisation, User } from './seed.ts'
import { idClaims } from './tokens.ts'

const withdrawn = (ring: KeyRing, kid: string | undefined): Key[] => {
  if (kid === undefined) return ring.published.filter((key) => key === ring.signing)
  const rest = ring.published.filter((key) => key.kid !== kid)
  return rest.length < ring.published.length ? rest : bad(`there is no key "${kid}"`)
}

/** A user, and their organisation. */
const userNamed = ({ users, organisations }: Directory, name: string): [Organisation, User] => {
  const user = users.find((one) => one.name === name)
  const home = organisations.find(({ id }) => id === user?.subject.organizationId)
  return user && home ? [home, user] : bad(`there is no user "${name}"`)
}

/** The switches for keys and for tokens with given claims. */
export const keyCommands = {
  rotate: {
    what: 'A new key signs; the old ones stay published.',
    example: {},
    run: async ({ ring }, input) => {
      only(input)
      const key = await newKey()
      ring.published = [...ring.published, key]
      ring.signing = key
      return { kid: key.kid }
    },
  },
  withdraw: {
    what: 'Stops publishing the key "kid", or every key except the signing one. A withdrawn key can still sign tokens.',
    example: {},
    run: ({ ring }, input) => {
      ring.published = withdrawn(ring, member(only(input, 'kid'), 'kid', optional(text)))
      return undefined
    },
  },
  issue: {
    what: 'A signed token of "user" (editor). "claims" and "header" override; null removes.',
    example: { user: 'editor', claims: { exp: 1 }, header: { typ: null } },
    bare: true,
    run: ({ directory, ring }, input) => {
      only(input, 'user', 'claims', 'header')
      const claims = {
        ...idClaims(...userNamed(directory, member(input, 'user', optional(text)) ?? 'editor')),
        ...member(input, 'claims', optional(members)),
      }
      return { token: signed(ring.signing, claims, member(input, 'header', optional(members))) }
    },
  },
} as const satisfies Record<string, Command>
