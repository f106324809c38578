import { isJsonObject } from '../lib/json-object.ts'

/**
 * Reads a CloudFormation template and evaluates the intrinsic functions that CDK uses in the parts that are
 * read.
 */

type Properties = Readonly<Record<string, unknown>>
/** A resource of a template. */
export type Resource = Readonly<{ Type: string; Properties?: Properties; Metadata?: Properties }>

/** The parts of a template that the local stack reads. */
export type Template = Readonly<{
  Metadata?: Properties
  Resources: Readonly<Record<string, Resource>>
}>

const pseudo: Readonly<Record<string, string>> = {
  'AWS::AccountId': '000000000000',
  'AWS::Partition': 'aws',
  'AWS::Region': 'local',
  'AWS::StackName': 'local',
  'AWS::URLSuffix': 'amazonaws.com',
}

/** An evaluated template. A `Ref` or attribute evaluates to the logical id of its resource. */
export const reader = ({ Resources }: Template) => {
  /** The text of a value, with its intrinsic functions evaluated. */
  const text = (value: unknown): string => {
    if (!isJsonObject(value)) return String(value)
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

  /** The function that a value refers to by id, ARN or invocation URI. */
  const functionIn = (value: unknown): string => {
    const words = text(value).split(/[/:]/)
    const found = all(/^AWS::Lambda::Function$/).find(([id]) => words.includes(id))
    if (!found) throw new Error(`The template leads to "${words.join('/')}", which is no function in it.`)
    return found[0]
  }

  return { text, all, functionIn }
}
