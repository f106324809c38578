import { equal, notEqual } from 'node:assert/strict'
import { type DatabaseRow, databaseFaults, isPatient } from './database-faults.ts'
import { type DatabaseFront, openDatabaseFront } from './database-front.ts'
import { type Ask, type Deployment, openDeployment, openIdentity } from './deployment.ts'
import { type IdentityRow, identityFaults } from './identity-faults.ts'
import {
  asksWithNewKey,
  checkAnswer,
  type Effect,
  type Kind,
  kinds,
  type RouteName,
  requestFor,
  routeNames,
  statusOf,
} from './visits.ts'

/** Measures what each route answers under each fault, and holds every answer against the contract on the way. */

/** What came of it, and how long it took. */
export type Cell = Readonly<{ outcome: string; ms: number }>
/** What came of one fault, by column. */
export type Measured = Readonly<{ what: string; cells: Readonly<Record<string, Cell>> }>

/** The two kinds of instance in one cell: what they answered where it differs, and the longer time. */
const both = (fresh: Cell, warm: Cell): Cell => ({
  outcome: fresh.outcome === warm.outcome ? fresh.outcome : `${fresh.outcome}, warm ${warm.outcome}`,
  ms: Math.max(fresh.ms, warm.ms),
})

const ofBothKinds = async (ask: (kind: Kind) => Promise<Cell>): Promise<Cell> => {
  const [fresh, warm] = await Promise.all([ask('new'), ask('warm')])
  return both(fresh, warm)
}

/** Somebody about to ask an instance. */
type Visit = Readonly<{
  where: string
  route: RouteName
  cookies: readonly string[]
  go: () => ReturnType<Ask>
}>

const prepare = async (
  deployment: Deployment,
  route: RouteName,
  kind: Kind,
  databaseUrl?: string,
): Promise<Visit> => {
  const on = deployment.instance(databaseUrl)
  const [request, handler] = await Promise.all([
    requestFor(deployment, route),
    deployment.open(route, on),
    kind === 'warm' &&
      deployment
        .instance()
        .table.read(['STATE'])
        .then((items) => on.states.from(items, on.now())),
  ])
  return { where: `${route}, ${kind}`, route, cookies: request.cookies ?? [], go: () => handler(request) }
}

/** A process that gets no processor time misses the client's limits for reasons of its own; then 503 is right, and not the row's. */
const mostTries = 3

/** Asks, and asks again where only a starved process explains the answer. Anything but the expected answer or 503 fails at once. */
const outcomeOf = async (
  deployment: Deployment,
  prepared: () => Promise<Visit>,
  what: string,
  effect: Effect,
  tries = 1,
): Promise<Cell> => {
  const { where, route, cookies, go } = await prepared()
  const taken = await go()
  const here = `${where}, ${what}`
  checkAnswer(here, route, taken)
  if (effect === 'served' && taken.answer.statusCode === statusOf(route, 'unavailable') && tries < mostTries)
    return outcomeOf(deployment, prepared, what, effect, tries + 1)
  equal(taken.answer.statusCode, statusOf(route, effect), here)
  if (route === 'logout' && taken.answer.statusCode === 200) {
    const { answer } = await (await deployment.open('token-is-set'))({ cookies })
    notEqual(answer.statusCode, 200, `${here}: the session goes on`)
  }
  return { outcome: String(taken.answer.statusCode), ms: taken.ms }
}

/** Each visit over a front of its own, so that "the first try" is the first of this visit. */
const overFront = async (
  deployment: Deployment,
  { what, plan, effect }: DatabaseRow,
  route: RouteName,
  kind: Kind,
): Promise<Cell> => {
  const fronts: DatabaseFront[] = []
  const prepared = async (): Promise<Visit> => {
    const front = await openDatabaseFront(deployment.databaseUrl)
    fronts.push(front)
    const visit = await prepare(deployment, route, kind, front.url)
    await begin(front, plan)
    return visit
  }
  try {
    return await outcomeOf(deployment, prepared, what, effect(route, kind))
  } finally {
    await Promise.all(fronts.map((front) => front.close()))
  }
}

const begin = async (front: DatabaseFront, plan: DatabaseRow['plan']): Promise<void> => {
  if (plan === 'nowhere') await front.close()
  else front.use(plan)
}

const refreshOverFront = async (
  deployment: Deployment,
  { plan, what, refresh }: DatabaseRow,
): Promise<Cell> => {
  if (refresh === undefined) return { outcome: '', ms: 0 }
  const front = await openDatabaseFront(deployment.databaseUrl)
  try {
    await begin(front, plan)
    const began = performance.now()
    const { outcome } = await deployment.refresh({}, front.url)
    equal(outcome, refresh, `refresh-state, ${what}`)
    return { outcome, ms: performance.now() - began }
  } finally {
    await front.close()
  }
}

const underDatabaseFault = async (
  identity: Awaited<ReturnType<typeof openIdentity>>,
  row: DatabaseRow,
): Promise<Measured> => {
  const deployment = await openDeployment(identity)
  try {
    await deployment.refresh()
    const cells = await Promise.all([
      ...routeNames.map(
        async (route) =>
          [route, await ofBothKinds((kind) => overFront(deployment, row, route, kind))] as const,
      ),
      refreshOverFront(deployment, row).then((cell) => ['refresh-state', cell] as const),
    ])
    return { what: row.what, cells: Object.fromEntries(cells) }
  } finally {
    await deployment.close()
  }
}

/** How many rows are measured at once: more, and a try would fail for lack of processor time. Rows that have to succeed need more of it. */
const sideBySide = { brisk: 2, patient: 5 }

/** Every fault of the database. */
export const databaseTable = async (): Promise<readonly Measured[]> => {
  const identity = await openIdentity()
  try {
    const measured = new Map<DatabaseRow, Measured>()
    const inGroups = async (rows: readonly DatabaseRow[], size: number): Promise<void> => {
      for (let at = 0; at < rows.length; at += size)
        await Promise.all(
          rows
            .slice(at, at + size)
            .map(async (row) => measured.set(row, await underDatabaseFault(identity, row))),
        )
    }
    const brisk = databaseFaults.filter((row) => !isPatient(row))
    await inGroups(brisk, sideBySide.brisk)
    await inGroups(databaseFaults.filter(isPatient), sideBySide.patient)
    return databaseFaults.flatMap((row) => measured.get(row) ?? [])
  } finally {
    await identity.close()
  }
}

const underIdentityFault = async (deployment: Deployment, row: IdentityRow): Promise<Measured> => {
  const { what, command, effect, refresh, later = 0, newKey } = row
  // Past the cooldown of the row before, with a state that is good.
  deployment.clock.ahead += 61
  await deployment.control({ do: 'up' })
  await deployment.control({ do: 'organisations', list: 'normal' })
  await deployment.refresh()
  // A login may take half an hour: one that was begun before the grace was over is finished after it.
  const [before, after] = later > 1200 ? [later - 1200, 1200] : [0, later]
  deployment.clock.ahead += before
  // No route reads the key set, so one kind of instance says of its malformations what there is to say.
  const asked = command.do === 'malformed-jwks' ? (['new'] as const) : kinds
  const visits = await Promise.all(
    routeNames.flatMap((route) => asked.map((kind) => prepare(deployment, route, kind))),
  )

  await deployment.control(command)
  const began = performance.now()
  const { outcome } = await deployment.refresh()
  equal(outcome, refresh, `refresh-state, ${what}`)
  const cells = new Map<string, Cell>([['refresh-state', { outcome, ms: performance.now() - began }]])
  deployment.clock.ahead += after

  await Promise.all(
    visits.map(async (visit) => {
      const cell = await outcomeOf(deployment, async () => visit, what, effect(visit.route))
      cells.set(visit.route, both(cells.get(visit.route) ?? cell, cell))
    }),
  )
  const { answer } = await (await deployment.open('health'))()
  if (effect('health') === 'served')
    equal(JSON.parse(answer.body ?? '').inGrace, refresh === 'failed', `grace, ${what}`)

  const { status, code, ms } = await asksWithNewKey(deployment)
  const told = [status, code].join(' ').trim()
  equal(told, newKey, `a new key, ${what}`)
  cells.set('a new key', { outcome: told, ms })
  return { what, cells: Object.fromEntries(cells) }
}

/** Every fault of the identity service. */
export const identityTable = async (): Promise<readonly Measured[]> => {
  const measured = new Map<IdentityRow, Measured>()
  const inTurn = async (rows: readonly IdentityRow[]): Promise<void> => {
    const deployment = await openDeployment()
    try {
      await deployment.refresh()
      for (const row of rows) measured.set(row, await underIdentityFault(deployment, row))
    } finally {
      await deployment.close()
    }
  }
  const slow = identityFaults.filter((row) => row.slow)
  await Promise.all([inTurn(identityFaults.filter((row) => !row.slow)), ...slow.map((row) => inTurn([row]))])
  return identityFaults.flatMap((row) => measured.get(row) ?? [])
}
