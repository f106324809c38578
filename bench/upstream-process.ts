import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An Admin API of any size: `/<organisations>x<units per organisation>x<mappings per organisation>`. */

const many = <T>(count: number, row: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => row(index))

const lists: Readonly<Record<string, (org: string, sizes: readonly [number, number, number]) => object[]>> = {
  'organizations.list': (_, [organisations]) =>
    many(organisations, (index) => ({
      id: `id-${index}`,
      name: `org-${index}`,
      blocked: false,
      whitelistCallbackUrls: JSON.stringify([`editor-${index}.example.com`]),
    })),
  'units.list': (org, [, units]) =>
    many(units, (index) => ({
      id: `${org}-unit-${index}`,
      name: `unit-${index}`,
      displayName: `Newsroom number ${index}`,
      organizationId: org,
    })),
  'organizations.listGroupToRoleMappings': (org, [, units, mappings]) =>
    many(mappings, (index) => ({
      group: `CN=group-${Math.floor(index / 10)},OU=editors,DC=example,DC=com`,
      roleId: `role-${index % 7}`,
      unitId: `${org}-unit-${index % units}`,
      organizationId: org,
    })),
  'roles.list': () =>
    many(7, (index) => ({ id: `role-${index}`, name: `role ${index}`, permissions: ['permission'] })),
  'services.list': () => [{ id: 'service', name: 'editor' }],
  'permissions.list': () => [{ id: 'permission', name: 'write', serviceId: 'service' }],
  'subjects.list': () => [],
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '', 'http://localhost')
  const [, sizes = '', , list = ''] = url.pathname.split('/')
  const [organisations = 0, units = 0, mappings = 0] = sizes.split('x').map(Number)
  const rows = lists[list]?.(url.searchParams.get('organizationId') ?? '', [organisations, units, mappings])
  response.writeHead(rows ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(rows ?? {}))
})
server.listen(0, '127.0.0.1', () =>
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
)
process.once('disconnect', () => process.exit())
