import { equal } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { type Deployment, openDeployment } from './deployment.ts'
import { kinds, routeNames } from './effects.ts'
import { type IdentityRow, identityFaults } from './identity-faults.ts'
import { askWithNewKey, prepare, visit } from './visits.ts'

/** Every fault of the identity service at every route. None asks it, so none notices within the grace period. */

const underFault = async (deployment: Deployment, row: IdentityRow): Promise<void> => {
  const { command, effect, refresh, later = 0, newKey } = row
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
  equal((await deployment.refresh()).outcome, refresh, 'refresh-state')
  deployment.clock.ahead += after

  await Promise.all(visits.map((one) => visit(deployment, async () => one, effect(one.route))))
  const { answer } = await (await deployment.open('health'))()
  if (effect('health') === 'served')
    equal(JSON.parse(answer.body ?? '').inGrace, refresh === 'failed', 'grace')
  equal(await askWithNewKey(deployment), newKey, 'a new key')
}

const deployment = await openDeployment()
after(deployment.close)
await deployment.refresh()

describe('a fault of the identity service', { concurrency: true }, () => {
  describe('that answers at once', { concurrency: false }, () => {
    for (const row of identityFaults.filter(({ slow }) => !slow))
      it(row.what, () => underFault(deployment, row))
  })

  for (const row of identityFaults.filter(({ slow }) => slow))
    it(row.what, async () => {
      const own = await openDeployment()
      await own.refresh()
      await underFault(own, row).finally(own.close)
    })
})
