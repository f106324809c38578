import type { SettingName } from '../lib/config.ts'
import { type Route, routes } from '../lib/routes.ts'

/** The environment of the functions: the given settings, and values of the stack. */

type Texts = Readonly<Record<string, string>>

/** Values that the stack adds. In a template they are references of unknown length. */
type Wiring = Readonly<{
  ownAddress: string
  urlSuffix: string
  tableName: string
  stackName: string
  /** Absent for refresh-state itself. */
  refreshFunction?: string
  /** Only with an Admin API. */
  secret?: string | undefined
}>

/** The variables of one function. */
export const environmentOf = (
  name: string,
  route: Route,
  given: Readonly<Partial<Record<SettingName, string>>>,
  { ownAddress, urlSuffix, tableName, stackName, refreshFunction, secret }: Wiring,
): Record<string, string> => ({
  PUBLIC_URL: ownAddress,
  ...given,
  TABLE_NAME: tableName,
  METRICS_NAMESPACE: stackName,
  ...(route.token === 'yes' &&
    refreshFunction && { REFRESH_FUNCTION: refreshFunction, URL_SUFFIX: urlSuffix }),
  ...(name === 'refresh-state' && secret && { CREDENTIALS_SECRET: secret }),
})

/** AWS::Lambda::Function, quota "environment variables": 4 KB for all of them. */
const environmentLimit = 4096

/** A value of maximum length for each reference. */
const longest: Required<Wiring> = {
  ownAddress: `https://${'a'.repeat(20)}.execute-api.${'r'.repeat(25)}.${'s'.repeat(25)}`,
  urlSuffix: 's'.repeat(25),
  tableName: 't'.repeat(255),
  stackName: 'n'.repeat(48),
  refreshFunction: 'f'.repeat(64),
  secret: 's'.repeat(128),
}

/** The size of variables, which Lambda measures as JSON with quotes, escapes and commas. */
export const environmentSize = (variables: Texts): number => Buffer.byteLength(JSON.stringify(variables))

const sizeOf = (name: string, text: string): number => environmentSize({ [name]: text }) - 1

/** Why these settings are too large for a function and what to do, or undefined when they fit. */
export const environmentProblem = (given: Texts): string | undefined => {
  const sizes = Object.entries<Route>(routes).map(([name, route]) =>
    environmentSize(environmentOf(name, route, given, longest)),
  )
  const size = Math.max(...sizes)
  if (size <= environmentLimit) return undefined
  const [[name, text] = ['', '']] = Object.entries(given).toSorted(
    ([a, one], [b, other]) => sizeOf(b, other) - sizeOf(a, one),
  )
  return [
    `${name} is too long: it takes ${sizeOf(name, text)} of the ${environmentLimit} bytes that Lambda allows for all variables`,
    `of a function, and ${size - environmentLimit} have to go. Take out what is not used any more, or move a part of it`,
    'to a second deployment (STAGE_NAME).',
  ].join(' ')
}
