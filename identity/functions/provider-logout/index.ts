import type { Endpoint } from '../../../lib/lambda/chain.ts'
import { tables } from '../../clients.ts'
import { type Dependencies, endpoint, served } from '../../lambda.ts'
import { routes } from '../../routes.ts'
import { backchannelLogout, frontchannelLogout, type LogoutTables } from './handler.ts'

/** Two routes with the same grants share one function; the method tells them apart. */
export const wire = (on: Dependencies & LogoutTables): Endpoint => {
  const back = endpoint('backchannel-logout', backchannelLogout(on), on)
  const front = endpoint('frontchannel-logout', frontchannelLogout(on), on)
  const { method } = routes['backchannel-logout']
  return (event, context) => (event.requestContext.http?.method === method ? back : front)(event, context)
}

export const handler = served((on, env) => wire({ ...on, ...tables(env) }), import.meta.dirname)
