import { adminApi } from '../../lib/refresh/fetch-organisations.ts'
import { isPublicSuffix } from '../../lib/refresh/public-suffix.ts'
import type { AdminList, Upstream } from '../../lib/refresh/upstream.ts'

/** Lists of the Admin API, and the organisations that are read from them. */

export type Lists = Partial<Record<AdminList, unknown>>

export const lists: Lists = {
  'organizations.list': [
    { id: 'o1', name: 'demo', whitelistCallbackUrls: '["example.com"]', blocked: false },
  ],
  'units.list': [
    { id: 'u2', name: 'south', displayName: 'South' },
    { id: 'u1', name: 'north', displayName: 'North' },
  ],
  'organizations.listGroupToRoleMappings': [{ group: 'desk', roleId: 'r1', unitId: 'u1' }],
  'roles.list': [{ id: 'r1', name: 'writer', permissions: ['p1'] }],
  'services.list': [{ id: 's1', name: 'svc' }],
  'permissions.list': [{ id: 'p1', serviceId: 's1', name: 'read' }],
  'subjects.list': [],
}

/** An Admin API that answers with these lists and records its requests. */
export const answering = (more: Lists = {}) => {
  const asked: string[] = []
  const upstream: Upstream = {
    hasAdmin: true,
    keySet: () => Promise.reject(new Error('not asked')),
    list: async (name, organizationId) => {
      asked.push(organizationId === undefined ? name : `${name} ${organizationId}`)
      return { ...lists, ...more }[name]
    },
  }
  return { upstream, asked }
}

/** Each organisation with its content and ended subjects. */
export const everything = async (upstream: Upstream) => {
  const source = adminApi(upstream, isPublicSuffix)
  const listed = await source.list()
  return Promise.all(
    listed.map(async (row) => ({
      ...row,
      ...(await source.content(row.name)),
      ended: await source.ended(row.name),
    })),
  )
}
export const made = (more: Lists = {}) => everything(answering(more).upstream)
export const one = async (more: Lists = {}) => {
  const [organisation] = await made(more)
  if (organisation === undefined) throw new TypeError('no organisation')
  return organisation
}
export const organisations = (...rows: object[]): Lists => ({ 'organizations.list': rows })
export const subjects = (...rows: object[]): Lists => ({ 'subjects.list': rows })
