import { deepEqual } from 'node:assert/strict'
import { each } from '../../test/support/each.ts'
import { outcomeMetrics } from '../metrics.ts'
import type { RouteName } from '../routes.ts'

type Row = readonly [RouteName, code: string, failed: boolean, counts: Readonly<Record<string, 0 | 1>>]

each<Row>('A request emits the metrics of its outcome, with zero for the opposite outcome of a sign-in', [
  ['login', 'ok', false, { SignInStarted: 1 }],
  ['login', 'not_a_navigation', true, {}],
  ['login', 'organisation_unknown', true, { SignInFailed: 1, SignInFinished: 0 }],
  ['login', 'provider_unavailable', true, { SignInFailed: 1, ProviderDown: 1, SignInFinished: 0 }],
  ['login-callback', 'signed_in', false, { SignInReturned: 1, SignInFinished: 1, SignInFailed: 0 }],
  ['login-callback', 'declined_access_denied', false, { SignInReturned: 1, SignInDeclined: 1 }],
  [
    'login-callback',
    'signing_unavailable',
    true,
    { SignInReturned: 1, SignInFailed: 1, SigningFailed: 1, SignInFinished: 0 },
  ],
  ['logout', 'asked_to_sign_out', false, { SignOutStarted: 1 }],
  ['logout', 'signed_out_at_provider', false, {}],
  ['backchannel-logout', 'signed_out_by_provider', false, { ProviderSignOut: 1 }],
  ['frontchannel-logout', 'nobody_signed_in', false, {}],
  ['backchannel-logout', 'logout_token_refused', true, {}],
  ['frontchannel-logout', 'table_unavailable', true, { ProviderSignOutFailed: 1 }],
  ['jwks', 'ok', false, {}],
  ['not-found', 'not_found', true, {}],
])(([route, code, failed, counts]) => {
  const { _aws, ...line } = outcomeMetrics('test', { route, code, failed, org: 'demo' }, 0)
  const dimensions =
    Object.keys(counts).length === 0 ? {} : { Org: 'demo', ...(failed ? { Code: code } : {}) }
  deepEqual(line, { ...counts, ...dimensions })
})

each('Metrics have the dimension Code only for failures, and Org only with an organisation', [
  ['internal', 'demo', [[], ['Code'], ['Org']]],
  ['internal', undefined, [[], ['Code']]],
  ['signed_in', 'demo', [[], ['Org']]],
  ['signed_in', undefined, [[]]],
])(([code, org, expected]) => {
  const outcome = { route: 'login-callback', code, failed: code === 'internal', org } as const
  const { _aws } = outcomeMetrics('test', outcome, 0)
  const { CloudWatchMetrics } = _aws as {
    CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string }[] }[]
  }
  const dimensions = CloudWatchMetrics.flatMap(({ Dimensions }) => Dimensions)
  deepEqual(dimensions, expected)
  // The alarm on failing sign-ins compares these two by organisation.
  const byOrg = CloudWatchMetrics.find(({ Dimensions }) => Dimensions[0]?.[0] === 'Org')
  const names = byOrg?.Metrics.map(({ Name }) => Name)
  if (org) deepEqual(names?.sort(), ['SignInFailed', 'SignInFinished', 'SignInReturned'])
})
