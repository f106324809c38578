import { malformationNames } from '../../local/identity/malformed.ts'
import {
  type DatabaseCall,
  type DatabaseFault,
  dawdling,
  faults,
  first,
  held,
  unprocessed,
} from './database-front.ts'

/** What can be wrong with the database and the identity service, and what that may do to the routes. */

/** Every route that a browser or a proxy asks for more than a page, with its status when all is well. */
const usual = {
  login: 302,
  'org-login': 302,
  callback: 302,
  authorize: 200,
  'token-is-set': 200,
  units: 200,
  unit: 200,
  logout: 200,
  health: 200,
} as const
export type RouteName = keyof typeof usual
export const routeNames = Object.keys(usual) as RouteName[]

/** An instance that has just started, and one that has the keys in memory: they read different items. */
export const kinds = ['new', 'warm'] as const
export type Kind = (typeof kinds)[number]

/** What a fault may do to a route: nothing, or make it say that it cannot know. Never anything else. */
export type Effect = 'served' | 'unavailable'

/** The status that the contract gives for an effect. */
export const statusOf = (route: RouteName, effect: Effect): number =>
  effect === 'served' ? usual[route] : route === 'health' ? 500 : 503

/** A fault and what comes of it. `refresh`: the outcome of refresh-state, where it is tried. */
export type Row = Readonly<{
  what: string
  effect: (route: RouteName, kind: Kind) => Effect
  refresh: 'unchanged' | 'failed' | undefined
  /** What a poll answers when its token was signed with a key that was made during the fault. */
  newKey?: string
}>

/** `nowhere`: nothing listens where the database should be. `refresh` is left out where it would take 50 s. */
export type DatabaseRow = Row &
  Readonly<{ plan: ((call: DatabaseCall) => DatabaseFault | undefined) | 'nowhere' }>

const always = (fault: DatabaseFault) => () => fault
const onWrites =
  (fault: DatabaseFault) =>
  ({ operation }: DatabaseCall) =>
    operation === 'BatchGetItem' ? undefined : fault

/** The first two tries hang and no write is answered: together that is longer than a function has. */
const sluggish = ({ number, operation }: DatabaseCall): DatabaseFault | undefined =>
  number <= 2 || operation !== 'BatchGetItem' ? held(30_000) : undefined

const everyKey = () => true

/** Hangs twice, then leaves everything for later, again and again: what takes each try as long as it can. */
const treacle = ({ number }: DatabaseCall): DatabaseFault =>
  number % 3 === 0 ? unprocessed(everyKey, 900) : held(30_000)

const all = (effect: Effect) => () => effect
const only = (...routes: RouteName[]) => {
  const hit = new Set(routes)
  return (route: RouteName): Effect => (hit.has(route) ? 'unavailable' : 'served')
}
/** All fail but the logout of an instance that has the keys in memory: it reads nothing, and it may write. */
const readers = {
  effect: (route: RouteName, kind: Kind): Effect =>
    route === 'logout' && kind === 'warm' ? 'served' : 'unavailable',
  refresh: 'failed',
} as const
const none = { effect: all('served'), refresh: 'unchanged' } as const
const every = { effect: all('unavailable'), refresh: 'failed' } as const

export const databaseFaults: readonly DatabaseRow[] = [
  { what: 'none', plan: () => undefined, ...none },
  { what: 'throttled (`ProvisionedThroughputExceededException`)', plan: always(faults.throttled), ...every },
  { what: 'throttled (`ThrottlingException`), first try', plan: first(1, faults.overRate), ...none },
  { what: 'not allowed (`AccessDeniedException`)', plan: always(faults.refused), ...every },
  { what: '500', plan: always(faults.failed), ...every },
  { what: '500, first two tries', plan: first(2, faults.failed), ...none },
  { what: 'connection cut', plan: always(faults.cut), ...every },
  { what: 'connection cut, first try', plan: first(1, faults.cut), ...none },
  { what: 'connection cut after the work was done, first try', plan: first(1, faults.cutWhenDone), ...none },
  { what: 'nothing listens', plan: 'nowhere', ...every },
  { what: '300 ms late', plan: always(held(300)), ...none },
  { what: '1.5 s late', plan: always(held(1500)), ...every },
  { what: '1.5 s late, first try', plan: first(1, held(1500)), ...none },
  { what: 'works at once, answers 1.5 s late', plan: always(dawdling(1500)), ...every },
  { what: 'never answers', plan: always(held(30_000)), ...every },
  { what: 'every key unprocessed', plan: always(unprocessed(everyKey)), ...readers },
  { what: 'every key unprocessed, first try', plan: first(1, unprocessed(everyKey)), ...none },
  {
    what: 'the item of the session unprocessed, all else read',
    plan: always(unprocessed((key) => key.startsWith('SESSION#'))),
    effect: only('callback', 'authorize', 'token-is-set', 'units', 'unit'),
    refresh: 'unchanged',
  },
  {
    what: 'hangs and leaves keys, longer than the function has',
    plan: treacle,
    ...readers,
    refresh: undefined,
  },
  {
    what: 'first two tries never answered, nor any write',
    plan: sluggish,
    effect: only('unit', 'logout'),
    refresh: undefined,
  },
  {
    what: 'writes throttled, reads fine',
    plan: onWrites(faults.throttled),
    effect: only('unit', 'logout'),
    refresh: 'failed',
  },
  {
    what: 'writes never answered, reads fine',
    plan: onWrites(held(30_000)),
    effect: only('unit', 'logout'),
    refresh: 'failed',
  },
]

/** Rows that fail by waiting: several can be tried at once, although the processor is busy. */
export const isPatient = ({ effect }: DatabaseRow): boolean =>
  routeNames.some((route) => effect(route, 'new') === 'unavailable')

type IdentityRow = Row &
  Readonly<{
    effect: (route: RouteName) => Effect
    newKey: string
    /** The command for the stand-in. */
    command: Readonly<Record<string, unknown>>
    /** Seconds that pass between the fault and the requests. */
    later?: number
  }>

const unnoticed = { ...none, newKey: '200' } as const
const grace = { ...none, refresh: 'failed', newKey: '503 token_key_pending' } as const

export const identityFaults: readonly IdentityRow[] = [
  { what: 'none', command: { do: 'up' }, ...unnoticed },
  { what: 'down', command: { do: 'down' }, ...grace },
  { what: '500', command: { do: 'fail' }, ...grace },
  { what: 'every answer 1 s late', command: { do: 'slow', ms: 1000 }, ...unnoticed },
  { what: 'every answer 6 s late', command: { do: 'slow', ms: 6000 }, ...grace },
  ...malformationNames.map((as) => ({
    what: `key set: ${as}`,
    command: { do: 'malformed-jwks', as },
    // The weak key is passed over, and the rest of the set is used.
    ...(as === 'weak-rsa' ? unnoticed : grace),
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
