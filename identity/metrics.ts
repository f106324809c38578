import type { Code } from './problem.ts'
import { row } from './problem.ts'
import type { RouteName } from './routes.ts'

/**
 * THE metrics of this service, in the log line (Embedded Metric Format). Failures also by `Code` and by
 * `Org`.
 */
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

type Name = keyof typeof emitted

const isOurFailure = (code: string): boolean => {
  const { level } = row(code as Code)
  return level === 'error'
}

const namesOf = (route: RouteName, code: string, failed: boolean): readonly Name[] => {
  const cause: readonly Name[] =
    code === 'provider_unavailable'
      ? ['ProviderDown']
      : code === 'signing_unavailable'
        ? ['SigningFailed']
        : []
  switch (route) {
    case 'login':
      return code === 'not_a_navigation' ? [] : [failed ? 'SignInFailed' : 'SignInStarted', ...cause]
    case 'login-callback':
      if (code === 'not_a_navigation') return []
      if (failed) return ['SignInReturned', 'SignInFailed', ...cause]
      return ['SignInReturned', code.startsWith('declined') ? 'SignInDeclined' : 'SignInFinished']
    case 'logout':
      return code === 'asked_to_sign_out' ? ['SignOutStarted'] : cause
    case 'backchannel-logout':
    case 'frontchannel-logout':
      if (failed) return isOurFailure(code) ? ['ProviderSignOutFailed', ...cause] : []
      return code === 'signed_out_by_provider' ? ['ProviderSignOut'] : []
    default:
      return cause
  }
}

/** What of a visit is measured. `at` in milliseconds. */
export const visitMetrics = (
  namespace: string,
  {
    route,
    code,
    failed,
    org,
  }: Readonly<{ route: RouteName; code: string; failed: boolean; org?: string | undefined }>,
  at: number,
): Record<string, unknown> => {
  const names = namesOf(route, code, failed)
  if (names.length === 0) return {}
  const dimensions = { ...(failed ? { Code: code } : {}), ...(org === undefined ? {} : { Org: org }) }
  return {
    _aws: {
      Timestamp: at,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [[], ...Object.keys(dimensions).map((name) => [name])],
          Metrics: names.map((Name) => ({ Name, Unit: 'Count' })),
        },
      ],
    },
    ...dimensions,
    ...Object.fromEntries(names.map((name) => [name, 1])),
  }
}
