import { createTables } from '../local/database.ts'
import { schema, standInAt } from '../test/support/services.ts'
import { bundles } from './cold.ts'
import { openRuntimeApi } from './runtime-api.ts'
import { messageOf, start, type World } from './world.ts'

/** The cost of refresh-state and units for different numbers of organisations. One new process per size. */

type Size = Readonly<{ organisations: number; units: number; mappings: number }>

const sizes: readonly Size[] = [
  { organisations: 1, units: 40, mappings: 40 },
  { organisations: 100, units: 40, mappings: 40 },
  { organisations: 5000, units: 40, mappings: 40 },
  { organisations: 1, units: 2000, mappings: 200_000 },
]

export type Growth = Size &
  Readonly<{
    /** Milliseconds of the first refresh, which writes everything, and of the next, without changes. */
    changed: number
    unchanged: number
    refreshMegabytes: number
    unitsMegabytes: number
  }>

const groups = Array.from({ length: 20 }, (_, index) => `CN=group-${index},OU=editors,DC=example,DC=com`)

export const growth = async (world: World): Promise<readonly Growth[]> => {
  const folders = bundles(['refresh-state', 'units'])
  const api = await openRuntimeApi()
  const upstream = start('upstream-process.ts')
  const adminUrl = await messageOf<string>(upstream)
  const token = await standInAt(world.environment.IMAS_URL).token({ org: 'org-0', groups })
  const event = { ...world.events.units, cookies: [`imidToken=${token}`] }
  const rows: Growth[] = []
  for (const size of sizes) {
    const shape = `${size.organisations}x${size.units}x${size.mappings}`
    await createTables(world.environment.AWS_ENDPOINT_URL_DYNAMODB ?? '', [
      { name: shape, properties: schema },
    ])
    const environment = { ...world.environment, TABLE_NAME: shape, ADMIN_API_URL: `${adminUrl}/${shape}` }
    const run = (name: 'refresh-state' | 'units', events: readonly object[]) =>
      api.run({ folder: folders.get(name) ?? '', environment, events })
    const refresh = await run('refresh-state', [{}, {}])
    const units = await run('units', [event, event])
    const expected = '{"outcome":"changed"}{"outcome":"unchanged"}'
    if (refresh.answers.join('') !== expected) throw new Error(`refresh-state: ${refresh.answers}`)
    if (!units.answers.every((answer) => JSON.parse(answer).statusCode === 200))
      throw new Error(`units: ${units.answers}`)
    const [changed = 0, unchanged = 0] = refresh.milliseconds
    rows.push({
      ...size,
      changed,
      unchanged,
      refreshMegabytes: refresh.megabytes,
      unitsMegabytes: units.megabytes,
    })
  }
  api.close()
  upstream.kill()
  return rows
}
