import type { Command } from './command.ts'
import { bad, type Members, member, members, only, optional, text } from './input.ts'
import { type Key, type KeyRing, newKey, signed } from './keys.ts'
import type { Organisation, User } from './seed.ts'
import type { StandIn } from './stand-in.ts'
import { idClaims } from './tokens.ts'

const keyNamed = ({ held }: KeyRing, kid: string): Key =>
  held.find((key) => key.kid === kid) ?? bad(`there is no key "${kid}"`)

const withdrawn = (ring: KeyRing, kid: string | undefined): Key[] => {
  if (kid === undefined) return ring.published.filter((key) => key === ring.signing)
  const gone = keyNamed(ring, kid)
  return ring.published.filter((key) => key !== gone)
}

/** The person whose token is requested: by user, by organisation (its first user), or the editor. */
const chosen = ({ directory }: StandIn, input: Members): [Organisation, User] => {
  const org = member(input, 'org', optional(text))
  const name = member(input, 'user', optional(text)) ?? (org === undefined ? 'editor' : undefined)
  for (const user of directory.users) {
    const home = directory.organisations.find(({ id }) => id === user.subject.organizationId)
    const isWanted = (name ?? user.name) === user.name && (org ?? home?.name) === home?.name
    if (home && isWanted) return [home, user]
  }
  return bad(`there is no user "${name ?? 'at all'}" in the organisation "${org ?? 'of any name'}"`)
}

/** The switches for keys and for tokens with given claims. */
export const keyCommands = {
  rotate: {
    what: 'A new key signs; the old ones stay published.',
    example: {},
    run: async ({ ring }, input) => {
      only(input)
      const key = await newKey()
      ring.held = [...ring.held, key]
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
    what: 'A signed token of "user" (editor), first of "org", by the key "kid". "claims" and "header" override; null removes.',
    example: { user: 'editor', claims: { exp: 1 }, header: { typ: null } },
    bare: true,
    run: (standIn, input) => {
      only(input, 'kid', 'user', 'org', 'claims', 'header')
      const kid = member(input, 'kid', optional(text))
      const key = kid === undefined ? standIn.ring.signing : keyNamed(standIn.ring, kid)
      const claims = { ...idClaims(...chosen(standIn, input)), ...member(input, 'claims', optional(members)) }
      return { token: signed(key, claims, member(input, 'header', optional(members))) }
    },
  },
} as const satisfies Record<string, Command>
