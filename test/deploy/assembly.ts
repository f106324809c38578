import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'

/** Cloud assemblies: what `cdk synth` writes and `cdk deploy --app <folder>` takes. */

type Resource = { Type: string; Properties: Record<string, unknown> }
type Template = { Resources: Record<string, Resource> }

/** The name of the stack, and of its files. */
export const stack = 'imsg-service'
const filesOf = (name: string) => ({
  template: `${name}.template.json`,
  assets: `${name}.assets.json`,
  manifest: 'manifest.json',
})
export const files = filesOf(stack)

/**
 * The emulator has neither alarms over expressions nor composite alarms: each becomes an alarm of the same name
 * over a metric that nobody emits.
 */
const withPlainAlarms = ({ Resources }: Template): void => {
  for (const [id, resource] of Object.entries(Resources)) {
    const { Type, Properties } = resource
    const composite = Type === 'AWS::CloudWatch::CompositeAlarm'
    if (!composite && !(Type === 'AWS::CloudWatch::Alarm' && 'Metrics' in Properties)) continue
    delete Properties.Metrics
    Object.assign(Properties, {
      Namespace: 'not-in-the-emulator',
      MetricName: id,
      Statistic: 'Sum',
      Period: 300,
    })
    if (!composite) continue
    resource.Type = 'AWS::CloudWatch::Alarm'
    delete Properties.AlarmRule
    Object.assign(Properties, {
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 1,
      Threshold: 0,
    })
  }
}

/** Makes the changes that the emulator needs, and those of a test. A changed template is another asset: its old name may be in the bucket. */
export const adapt = (
  folder: string,
  change: (template: Template) => void = () => {},
  name = stack,
): string => {
  const files = filesOf(name)
  const template: Template = JSON.parse(readFileSync(join(folder, files.template), 'utf8'))
  withPlainAlarms(template)
  change(template)
  const text = JSON.stringify(template)
  writeFileSync(join(folder, files.template), text)

  const assets = readFileSync(join(folder, files.assets), 'utf8')
  const sources: Record<string, { source: { path: string } }> = JSON.parse(assets).files
  const [asset = ''] = Object.entries(sources).find(([, { source }]) => source.path === files.template) ?? []
  const renamed = createHash('sha256').update(text).digest('hex')
  for (const file of [files.assets, files.manifest]) {
    const before = readFileSync(join(folder, file), 'utf8')
    writeFileSync(join(folder, file), before.replaceAll(asset, renamed))
  }
  return folder
}

/** A copy to change. */
export const copyOf = (folder: string, to: string): string => {
  cpSync(folder, to, { recursive: true })
  return to
}

/** The last release as it was deployed, in one file: its template and bundles, with stand-ins for the addresses. */
const releaseFile = (): string => {
  const [name = ''] = readdirSync(import.meta.dirname).filter((file) => /^release-.*\.json\.br$/.test(file))
  return join(import.meta.dirname, name)
}

/** What a release was synthesised with. A test puts its own addresses in their place. */
export const placeholders = {
  gateway: 'http://gateway.localhost',
  identity: 'http://identity.localhost',
} as const

/** Unpacks the last release into a folder, with these addresses in its settings. */
export const unpackRelease = (
  folder: string,
  addresses: Record<keyof typeof placeholders, string>,
): string => {
  const packed: Record<string, string> = JSON.parse(
    brotliDecompressSync(readFileSync(releaseFile())).toString('utf8'),
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
