import { equal } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openDeployment } from './deployment.ts'
import { identityFaults, kinds, routeNames } from './rows.ts'
import { askWithNewKey, prepare, visit } from './visits.ts'

/** Every fault of the identity service at every route. None asks it, so none notices within the grace period. */

const deployment = await openDeployment()
after(deployment.close)
const { clock, control } = deployment

describe('a fault of the identity service', () => {
  for (const { what, command, effect, refresh, later = 0, newKey } of identityFaults)
    it(what, async () => {
      // Past the cooldown of the row before, with a good state.
      clock.ahead += 61
      await control({ do: 'up' })
      await control({ do: 'organisations', list: 'normal' })
      await deployment.refresh()
      // A login may take half an hour: one that began in the grace period ends after it.
      const [before, after] = later > 1200 ? [later - 1200, 1200] : [0, later]
      clock.ahead += before
      const visits = await Promise.all(
        routeNames.flatMap((route) => kinds.map((kind) => prepare(deployment, route, kind))),
      )

      await control(command)
      equal((await deployment.refresh()).outcome, refresh, 'refresh-state')
      clock.ahead += after

      await Promise.all(visits.map((one) => visit(deployment, async () => one, effect(one.route))))
      const { answer } = await (await deployment.open('health'))()
      if (effect('health') === 'served')
        equal(JSON.parse(answer.body ?? '').inGrace, refresh === 'failed', 'grace')
      equal(await askWithNewKey(deployment), newKey, 'a new key')
    })
})
