import { deepEqual } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { accessLogFields } from '../../infra/api.ts'
import { deploymentSettings } from '../../infra/settings.ts'
import { settings } from '../../lib/config.ts'
import { catalogue } from '../../lib/problem.ts'
import { methodsAndPaths, routes } from '../../lib/routes.ts'
import { listening, resourcesOf, templateOf } from './synthesised.ts'

const root = new URL('../../', import.meta.url)
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8')
const runbook = read('docs/runbook.md')

/** What the lines of requests and of refreshes have, as the sources that write them say. */
const writers = ['lib/lambda/chain.ts', 'lib/lambda/endpoint.ts', 'lib/refresh/scheduled.ts'].map(read).join()
const isLogField = (name: string): boolean => new RegExp(`^ +(\\? \\{ )?${name}[:,]`, 'm').test(writers)

/** Names of AWS, of health, and of the form of a command. */
const others = [
  ...['Invocations', 'ConcurrentExecutions', 'AccessDeniedException', 'ResourceNotFoundException'],
  ...['ConfigError', 'timeout', 'id', 'off', '{}', 'stateAge', 'gracePeriod', 'CredentialsSecret'],
]

const paths: string[] = Object.values(routes).flatMap((row) =>
  'every' in row || 'unmatched' in row
    ? []
    : methodsAndPaths(row).flatMap(({ method, path }) => [path, `${method} ${path}`]),
)

const isKnown = (name: string): boolean =>
  name in { ...settings, ...deploymentSettings, ...catalogue, ...routes, ...accessLogFields } ||
  others.includes(name) ||
  isLogField(name) ||
  paths.some((path) => path.replace('/imsg-service/v1', '') === name) ||
  /^(npm run|curl) |^<|^\/aws\/vendedlogs\/|^imsg-service-|=/.test(name) ||
  (name.includes('/') && existsSync(new URL(name, root)))

describe('the runbook', () => {
  it('names settings, codes, routes, log fields and files that there are', () => {
    const names = [...runbook.replaceAll(/^ *```[\s\S]*?```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(
      ([, name = '']) => name,
    )
    deepEqual(
      names.filter((name) => !isKnown(name)),
      [],
    )
  })

  it('asks the logs for fields that their lines have', () => {
    const queries = [...runbook.matchAll(/^ *```text\n([\s\S]*?)```$/gm)].flatMap(([, text = '']) =>
      text.split('\n'),
    )
    const words = queries.flatMap((query) => query.match(/[a-zA-Z]\w*/g) ?? [])
    const language = ['filter', 'stats', 'count', 'by', 'bin', 'ispresent', 'm']
    const fields = words.filter((word) => !language.includes(word))
    deepEqual(
      fields.filter((name) => !isLogField(name) && !(name in accessLogFields)),
      [],
    )
  })

  it('leads to graphs that the dashboard has', () => {
    const [[, dashboard] = []] = resourcesOf(templateOf(listening), 'AWS::CloudWatch::Dashboard')
    const body = JSON.stringify(dashboard).replaceAll('\\', '')
    const titles = [...runbook.matchAll(/"([A-Z][^"]+)"/g)].map(([, title = '']) => title)
    deepEqual(
      titles.filter((title) => !body.includes(`"title":"${title}`)),
      [],
    )
  })
})
