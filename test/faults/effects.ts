/** What a fault may do to a route, and how `docs/reliability.md` says it. */

/** Every route that a browser or a proxy asks for more than a page, with its status when all is well. */
const served = {
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
export type RouteName = keyof typeof served
export const routeNames = Object.keys(served) as RouteName[]

/** An instance that has just started, and one that has the keys in memory: they read different items. */
export const kinds = ['new', 'warm'] as const
export type Kind = (typeof kinds)[number]

/** What a fault may do to a route: nothing, or make it say that it cannot know. Never anything else. */
export type Effect = 'served' | 'unavailable'

/** The status that the contract gives for an effect. */
export const statusOf = (route: RouteName, effect: Effect): number =>
  effect === 'served' ? served[route] : route === 'health' ? 500 : 503

/** A fault and what comes of it. `refresh`: the outcome of refresh-state, where it is tried. */
export type Row = Readonly<{
  what: string
  effect: (route: RouteName, kind: Kind) => Effect
  refresh: 'unchanged' | 'failed' | undefined
  /** What a poll answers when its token was signed with a key that was made during the fault. */
  newKey?: string
}>

const cellsOf = ({ effect, refresh, newKey }: Row): [column: string, answer: string][] => [
  ...routeNames.map((route): [string, string] => {
    const [fresh, warm] = kinds.map((kind) => String(statusOf(route, effect(route, kind))))
    return [route, fresh === warm ? `${fresh}` : `${fresh}, warm ${warm}`]
  }),
  ...(refresh === undefined ? [] : [['refresh-state', refresh] as [string, string]]),
  ...(newKey === undefined ? [] : [['a new key', newKey] as [string, string]]),
]

/** The rows as a Markdown table, those with the same answers in one line. The first is without a fault; the others name what differs from it. */
export const faultTable = (rows: readonly Row[]): string => {
  const [first] = rows
  const usual = new Map(first === undefined ? [] : cellsOf(first))
  const answersOf = (row: Row): string => {
    const cells = cellsOf(row).filter(([column, answer]) => row === first || usual.get(column) !== answer)
    const groups = Map.groupBy(cells, ([, answer]) => answer)
    const text = [...groups].map(([answer, all]) => {
      const columns = all.map(([column]) => column)
      const everyRoute = routeNames.filter((route) => route !== 'health')
      const isAll = everyRoute.every((route) => columns.includes(route))
      const named = columns.filter((column) => !isAll || !everyRoute.some((route) => route === column))
      return `${answer}: ${[...(isAll ? ['all'] : []), ...named].join(', ')}`
    })
    return text.join('; ') || 'as without a fault'
  }
  const lines = [...Map.groupBy(rows, answersOf)].map(
    ([answers, alike]) => `| ${alike.map(({ what }) => what).join('; ')} | ${answers} |`,
  )
  return ['| faults | answers |', '| --- | --- |', ...lines].join('\n')
}
