/** A function behind the authorizer: who calls it is known, and that they may read. */
import { personOf } from '@imsg/service/authorizer'

export const handler = async (event: object) => {
  const { name, has } = personOf(event)
  return { name, mayPublish: has('content:publish') }
}
