import { createHash } from 'node:crypto'
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'

/** Cloud assemblies: what `cdk synth` writes and `cdk deploy --app <folder>` takes. */

type Resource = { Type: string; Properties: Record<string, unknown> }
type Template = { Resources: Record<string, Resource> }

/** The name of the stack. */
export const stack = 'imsg-service'

/**
 * Replaces alarms on expressions and composite alarms, which the emulator lacks, by alarms of the same name
 * on a metric that is never emitted.
 */
const withPlainAlarms = ({ Resources }: Template): void => {
  for (const [id, resource] of Object.entries(Resources)) {
    const { Type, Properties } = resource
    const isComposite = Type === 'AWS::CloudWatch::CompositeAlarm'
    if (!isComposite && !(Type === 'AWS::CloudWatch::Alarm' && 'Metrics' in Properties)) continue
    const { Metrics, AlarmRule, ...kept } = Properties
    const metric = { Namespace: 'not-in-the-emulator', MetricName: id, Statistic: 'Sum', Period: 300 }
    const rule = { ComparisonOperator: 'GreaterThanThreshold', EvaluationPeriods: 1, Threshold: 0 }
    const plain = { ...rule, ...kept, ...metric }
    Resources[id] = { ...resource, Type: 'AWS::CloudWatch::Alarm', Properties: plain }
  }
}

/**
 * Makes the changes that the emulator and a test need. A changed template is another asset, because its old
 * name may be in the bucket.
 */
export const adapt = (
  folder: string,
  change: (template: Template) => void = () => {},
  name = stack,
): string => {
  const file = `${name}.template.json`
  const template: Template = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  withPlainAlarms(template)
  change(template)
  const text = JSON.stringify(template)
  writeFileSync(join(folder, file), text)

  const manifests = [`${name}.assets.json`, 'manifest.json'].map((each) => join(folder, each))
  const assets = readFileSync(manifests[0] ?? '', 'utf8')
  const sources: Record<string, { source: { path: string } }> = JSON.parse(assets).files
  const [asset = ''] = Object.entries(sources).find(([, { source }]) => source.path === file) ?? []
  const renamed = createHash('sha256').update(text).digest('hex')
  for (const each of manifests) writeFileSync(each, readFileSync(each, 'utf8').replaceAll(asset, renamed))
  return folder
}

/** A copy to change. */
export const copyOf = (folder: string, to: string): string => {
  cpSync(folder, to, { recursive: true })
  return to
}

/** The settings of a deployment between these addresses. */
export const settingsFor = ({ gateway, identity }: Record<'gateway' | 'identity', string>) => ({
  PUBLIC_URL: gateway,
  IMAS_URL: identity,
  ADMIN_API_URL: identity,
  ACCESS_TOKEN_URL: identity,
  TOKEN_ISSUER: 'unchecked',
  TOKEN_AUDIENCE: 'unchecked',
  CORS_ALLOWED_ORIGINS: 'https://editor.example.com',
  ALARM_EMAIL: 'operators@example.com',
})

/** The addresses in a kept release, which a test replaces by its own. */
export const placeholders = {
  gateway: 'http://gateway.localhost',
  identity: 'http://identity.localhost',
} as const

/** Unpacks the last release into a folder, with these addresses in its settings. */
export const unpackRelease = (
  folder: string,
  addresses: Record<keyof typeof placeholders, string>,
): string => {
  const [release = ''] = globSync(join(import.meta.dirname, 'release-*.json.br'))
  const packed: Record<string, string> = JSON.parse(
    brotliDecompressSync(readFileSync(release)).toString('utf8'),
  )
  for (const [name, text] of Object.entries(packed)) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 })
    const settled = text
      .replaceAll(placeholders.gateway, addresses.gateway)
      .replaceAll(placeholders.identity, addresses.identity)
    writeFileSync(file, settled, { mode: 0o644 })
  }
  return folder
}
