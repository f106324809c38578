import type { Authorization, RequestHeaders } from '../../service/index.ts'

/** The data that the demo shows about a person. */
export type Who = Readonly<{
  name: string
  email: string
  org: string
  subject: string
  /** Where they have each permission: names of units, or everywhere. */
  may: Readonly<Record<'read' | 'write' | 'publish', readonly string[]>>
}>

/** Asks the gateway who this is. Undefined for nobody; throws when the gateway cannot tell. */
export const whoIs = async (auth: Authorization, headers: RequestHeaders): Promise<Who | undefined> => {
  const person = await auth.authorize(headers, { org: '*', required: false })
  if (person === undefined) return undefined
  const { sub: subject, org, name, email, units, has } = person
  const where = (permission: string) =>
    has(permission) ? ['everywhere'] : units.filter((unit) => has(permission, unit))
  const may = {
    read: where('content:read'),
    write: where('content:write'),
    publish: where('content:publish'),
  }
  return { name, email, org, subject, may }
}
