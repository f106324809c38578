/**
 * Reads a CloudFormation template and evaluates its intrinsic functions, as far as CDK uses them in what is
 * read here.
 */

type Properties = Readonly<Record<string, unknown>>
/** A resource of a template. */
export type Resource = Readonly<{ Type: string; Properties?: Properties; Metadata?: Properties }>

/** What the local stack reads of a template. */
export type Template = Readonly<{
  Metadata?: Properties
  Resources: Readonly<Record<string, Resource>>
}>

/** Whether a value of the template is an object. Its members are not checked. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const pseudo: Readonly<Record<string, string>> = {
  'AWS::AccountId': '000000000000',
  'AWS::Partition': 'aws',
  'AWS::Region': 'local',
  'AWS::StackName': 'local',
  'AWS::URLSuffix': 'amazonaws.com',
}

/** What a template says. A `Ref` is answered with the logical id it names, and so is any attribute. */
export const reader = ({ Resources }: Template) => {
  /** The text of a value, with its intrinsic functions evaluated. */
  const text = (value: unknown): string => {
    if (!isRecord(value)) return String(value)
    const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value
    if (typeof Ref === 'string') return pseudo[Ref] ?? Ref
    if (Array.isArray(attribute)) return String(attribute[0])
    if (Array.isArray(join) && Array.isArray(join[1])) return join[1].map(text).join(String(join[0]))
    throw new Error(`The template uses ${Object.keys(value).join()}, which the local stack cannot resolve.`)
  }

  const all = (type: RegExp): [string, Resource, Properties][] =>
    Object.entries(Resources)
      .filter(([, { Type }]) => type.test(Type))
      .map(([id, resource]) => [id, resource, resource.Properties ?? {}])

  /** The function that some text names, be it an id, an ARN or an invocation URI. */
  const functionIn = (value: unknown): string => {
    const words = text(value).split(/[/:]/)
    const found = all(/^AWS::Lambda::Function$/).find(([id]) => words.includes(id))
    if (!found) throw new Error(`The template leads to "${words.join('/')}", which is no function in it.`)
    return found[0]
  }

  return { text, all, functionIn }
}
