import type { Config } from '../../lib/config.ts'
import type { Handle } from '../../lib/lambda/endpoint.ts'
import { healthAnswer } from '../../lib/state/health.ts'
import type { States } from '../../lib/state/state.ts'
import { stateKey } from '../../lib/store/keys.ts'
import type { Table } from '../../lib/store/table.ts'

type Deps = {
  config: Pick<Config, 'gracePeriod'>
  table: Pick<Table, 'read'>
  states: Pick<States, 'from'>
}

/** `GET /health`: report whether the state is fresh or in grace. Always reads the table. */
export const health =
  ({ config, table, states }: Deps): Handle =>
  async (request) => {
    const items = await table.read([stateKey]).catch(() => undefined)
    const state = items && states.from(items, request.now)
    return healthAnswer(request, state, config.gracePeriod)
  }
