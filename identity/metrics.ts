import { count, embedded } from '../lib/metrics.ts'
import { type Code, row } from './problem.ts'
import type { RouteName } from './routes.ts'

/** The metrics of this service. Each is counted in total and by organisation, and failures also by code. */
export const emitted = {
  SignInStarted: 'login: a browser was sent to a provider',
  SignInReturned: 'login-callback: a browser came back from there',
  SignInFinished: 'login-callback: a gateway was given an ID token',
  SignInDeclined: 'login-callback: the provider, or the person there, said no',
  SignInFailed: 'login, login-callback: a sign-in ended here',
  ProviderDown: 'any: a provider gave no usable answer',
  SigningFailed: 'any: KMS gave no signature or no key',
  SignOutStarted: 'logout: a browser was sent to a provider to sign out',
  ProviderSignOut: 'provider-logout: a provider ended the sessions of a person',
  ProviderSignOutFailed:
    'provider-logout: it could not be stored, or the keys of the provider could not be had',
} as const

export type MetricName = keyof typeof emitted

/** What is measured of a request. `code`: of its failure, or of what happened. */
type Outcome = Readonly<{ route: RouteName; code: string; failed: boolean; org?: string | undefined }>

/** Failures that are counted by their cause as well, on any route. */
const causes: Readonly<Partial<Record<string, readonly MetricName[]>>> = {
  provider_unavailable: ['ProviderDown'],
  signing_unavailable: ['SigningFailed'],
}

const namesOf = ({ route, code, failed }: Outcome): readonly MetricName[] => {
  if (code === 'not_a_navigation') return []
  switch (route) {
    case 'login':
      return [failed ? 'SignInFailed' : 'SignInStarted']
    case 'login-callback':
      if (failed) return ['SignInReturned', 'SignInFailed']
      return ['SignInReturned', code.startsWith('declined') ? 'SignInDeclined' : 'SignInFinished']
    case 'logout':
      return code === 'asked_to_sign_out' ? ['SignOutStarted'] : []
    case 'backchannel-logout':
    case 'frontchannel-logout':
      if (failed) return row(code as Code).level === 'error' ? ['ProviderSignOutFailed'] : []
      return code === 'signed_out_by_provider' ? ['ProviderSignOut'] : []
    default:
      return []
  }
}

/** Compared by the alarm on failing sign-ins. CloudWatch cannot compare with a metric without data. */
const compared: readonly MetricName[] = ['SignInFailed', 'SignInFinished']

/** The metrics of a request, for its log line. `at` in milliseconds. */
export const outcomeMetrics = (namespace: string, outcome: Outcome, at: number): Record<string, unknown> => {
  const { code, failed, org } = outcome
  const names = [...namesOf(outcome), ...(causes[code] ?? [])]
  const dimensions = { ...(failed ? { Code: code } : {}), ...(org === undefined ? {} : { Org: org }) }
  const happened = names.map((name) => ({ ...count(name, true), by: Object.keys(dimensions) }))
  const others = names.some((name) => compared.includes(name))
    ? compared.filter((name) => !names.includes(name))
    : []
  const zeros = others.map((name) => ({ ...count(name, false), by: ['Org'] }))
  return embedded(namespace, [...happened, ...zeros], at, dimensions)
}
