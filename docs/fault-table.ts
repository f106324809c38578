import { kinds, type Row, routeNames, statusOf } from '../test/faults/rows.ts'

const cellsOf = ({ effect, refresh, newKey }: Row): [column: string, answer: string][] => [
  ...routeNames.map((route): [string, string] => {
    const [fresh, warm] = kinds.map((kind) => String(statusOf(route, effect(route, kind))))
    return [route, fresh === warm ? `${fresh}` : `${fresh}, warm ${warm}`]
  }),
  ...(refresh === undefined ? [] : [['refresh-state', refresh] as [string, string]]),
  ...(newKey === undefined ? [] : [['a new key', newKey] as [string, string]]),
]

/**
 * The rows as a Markdown table, those with the same answers in one line. The first is without a fault; the others name
 * what differs from it.
 */
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
