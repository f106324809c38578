/** A function behind the authorizer, called only by people with the permission to read. */
import { personOf } from '@imsg/service/authorizer'

export const handler = async (event: object) => {
  const { name, has } = personOf(event)
  return { name, mayPublish: has('content:publish') }
}
