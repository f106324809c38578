import { malformationNames } from '../../local/identity/malformed.ts'
import type { Effect, RouteName, Row } from './effects.ts'

/** What can be wrong with the identity service, and what that may do to the routes, none of which asks it. */

type IdentityRow = Row &
  Readonly<{
    effect: (route: RouteName) => Effect
    newKey: string
    /** The command for the stand-in. */
    command: Readonly<Record<string, unknown>>
    /** Seconds that pass between the fault and the requests. */
    later?: number
  }>

const served = () => 'served' as const
const none = { effect: served, refresh: 'unchanged', newKey: '200' } as const
const grace = { effect: served, refresh: 'failed', newKey: '503 token_key_pending' } as const

export const identityFaults: readonly IdentityRow[] = [
  { what: 'none', command: { do: 'up' }, ...none },
  { what: 'down', command: { do: 'down' }, ...grace },
  { what: '500', command: { do: 'fail' }, ...grace },
  { what: 'every answer 1 s late', command: { do: 'slow', ms: 1000 }, ...none },
  { what: 'every answer 6 s late', command: { do: 'slow', ms: 6000 }, ...grace },
  ...malformationNames.map((as) => ({
    what: `key set: ${as}`,
    command: { do: 'malformed-jwks', as },
    // The weak key is passed over, and the rest of the set is used.
    ...(as === 'weak-rsa' ? none : grace),
  })),
  {
    what: 'no organisation listed',
    command: { do: 'organisations', list: 'empty' },
    ...grace,
    newKey: '200',
  },
  {
    what: 'down for longer than `GRACE_PERIOD`',
    command: { do: 'down' },
    // Whoever wants to leave can: a session is ended with keys of any age.
    effect: (route) => (route === 'logout' ? 'served' : 'unavailable'),
    refresh: 'failed',
    later: 3700,
    newKey: '503 state_too_old',
  },
]
