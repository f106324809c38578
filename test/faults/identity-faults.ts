import { malformationNames } from '../../local/identity/malformed.ts'
import type { Effect, RouteName, Row } from './effects.ts'

/** What can be wrong with the identity service, and what that may do to the routes, none of which asks it. */

export type IdentityRow = Row &
  Readonly<{
    effect: (route: RouteName) => Effect
    newKey: string
    /** The command for the stand-in. */
    command: Readonly<Record<string, unknown>>
    /** Seconds that pass between the fault and the requests. */
    later?: number
    /** Every answer takes its time, so the row is tried beside the others. */
    slow?: boolean
  }>

const served = () => 'served' as const
const grace = { effect: served, refresh: 'failed', newKey: '503 token_key_pending' } as const

export const identityFaults: readonly IdentityRow[] = [
  { what: 'none', command: { do: 'up' }, effect: served, refresh: 'unchanged', newKey: '200' },
  { what: 'down', command: { do: 'down' }, ...grace },
  { what: '500', command: { do: 'fail' }, ...grace },
  {
    what: 'every answer 1 s late',
    command: { do: 'slow', ms: 1000 },
    effect: served,
    refresh: 'unchanged',
    slow: true,
    newKey: '200',
  },
  { what: 'every answer 6 s late', command: { do: 'slow', ms: 6000 }, ...grace, slow: true },
  ...malformationNames.map((as) => ({
    what: `key set: ${as}`,
    command: { do: 'malformed-jwks', as },
    ...grace,
    slow: as === 'endless',
    // The weak key is passed over, and the rest of the set is used.
    ...(as === 'weak-rsa' ? { refresh: 'unchanged' as const, newKey: '200' } : {}),
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
