import type { Authorization, RequestHeaders } from '../../service/index.ts'

/** What the demo shows of a person, as any service behind the gateway learns it. */
export type Who = Readonly<{
  name: string
  email: string
  org: string
  subject: string
  /** Where they may do it: the names of units, or everywhere. */
  may: Readonly<Record<'read' | 'write' | 'publish', readonly string[]>>
}>

/** Asks the gateway who this is: somebody, nobody, or an error when that cannot be known. */
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
