import type { SettingName } from '../lib/config.ts'
import { type Route, routes } from '../lib/routes.ts'

/** The environment of the functions: settings that were given, and what only the stack knows. */

type Texts = Readonly<Record<string, string>>

/** What the stack adds to the settings. In a template these are references, whose length nobody knows yet. */
export type Wiring = Readonly<{
  ownAddress: string
  urlSuffix: string
  tableName: string
  stackName: string
  /** Absent for refresh-state itself. */
  refreshFunction?: string
  /** Only where the Admin API is read. */
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
export const environmentLimit = 4096

/**
 * The longest that each reference can become: a table has up to 255 characters, a function 64, the ARN of our
 * secret some 110.
 */
const longest: Required<Wiring> = {
  ownAddress: `https://${'a'.repeat(20)}.execute-api.${'r'.repeat(25)}.${'s'.repeat(25)}`,
  urlSuffix: 's'.repeat(25),
  tableName: 't'.repeat(255),
  stackName: 'n'.repeat(48),
  refreshFunction: 'f'.repeat(64),
  secret: 's'.repeat(128),
}

/**
 * Lambda's refusal quotes the variables as JSON ("String measured"), so quotes, escapes and commas count too.
 */
export const environmentSize = (variables: Texts): number => Buffer.byteLength(JSON.stringify(variables))

const sizeOf = (name: string, text: string): number => environmentSize({ [name]: text }) - 1

/**
 * Why these settings do not fit into a function, or nothing: how much too large, which setting is, what to
 * do.
 */
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
    `of a function, and ${size - environmentLimit} have to go. Take out what nobody uses any more, or give a part of it`,
    'to a second deployment (STAGE_NAME).',
  ].join(' ')
}
