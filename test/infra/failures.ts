import { deepEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FillOfNothing, keyOf, ringing } from './cloudwatch.ts'
import { dataOf, type Happening, login, ordinaryDay, polls } from './newsroom.ts'
import { listening, templateOf } from './synthesised.ts'

const certificate = 'arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d'
const template = templateOf({ ...listening, DOMAIN_CERTIFICATE_ARN: certificate })
const daysLeft = (days: number) => ({
  [keyOf('AWS/CertificateManager', 'DaysToExpiry', { CertificateArn: certificate })]: days,
})

const fills: readonly FillOfNothing[] = ['filled', 'nothing']
/** Every alarm that rings from ten in the morning until four in the afternoon, by name. */
const ringsOn = (
  happens: (minute: number) => Happening,
  fill: FillOfNothing,
  { from, to } = { from: 600, to: 960 },
): string[] => {
  const data = dataOf(template, to + 1, (minute) => {
    const happening = happens(minute)
    // ACM reports twice a day.
    const report = minute % 720 === 0 ? daysLeft(300) : {}
    return { ...happening, more: { ...report, ...happening.more } }
  })
  const names = [...ringing(template, data, { from, to }, fill).keys()]
  return names.map((name) => name.replace('imsg-service-', '')).toSorted()
}

const noon = 720
/** An ordinary day until noon. */
const untilNoon =
  (tabs: number, after: (minute: number) => Happening) =>
  (minute: number): Happening =>
    minute < noon ? { answers: ordinaryDay(tabs, minute) } : after(minute)

/** Somebody tries every so many minutes. */
const every = <T>(minutes: number, minute: number, what: readonly T[]): readonly T[] =>
  minute % minutes === 0 ? what : []

type Failure = readonly [what: string, rings: readonly string[], happens: (minute: number) => Happening]
const failures: readonly Failure[] = [
  [
    'every login is answered 503 while polls are fine',
    ['login-errors', 'logins-failing', 'no-login-succeeds', 'nobody-can-sign-in'],
    untilNoon(100, (minute) => ({
      answers: [...polls(100), { route: 'login', status: 503, code: 'table_unavailable' }],
      refresh: { stateAge: minute % 2 },
    })),
  ],
  [
    'every login of a newsroom of three is refused',
    ['no-login-succeeds', 'nobody-can-sign-in'],
    untilNoon(3, (minute) => ({
      answers: [
        ...polls(3),
        ...every(40, minute, [
          { route: 'login', status: 302 },
          { route: 'callback', status: 401, code: 'token_audience' },
        ] as const),
      ],
    })),
  ],
  [
    'the page of the identity service is broken, so that nobody returns',
    ['logins-not-returning', 'nobody-can-sign-in'],
    untilNoon(20, (minute) => ({
      answers: [...polls(20), ...every(4, minute, [{ route: 'login', status: 302 }] as const)],
    })),
  ],
  [
    'all editors are suddenly refused, and their tabs stop',
    ['polls-refused'],
    untilNoon(20, (minute) => ({
      answers:
        minute === noon ? [{ route: 'token-is-set', status: 401, code: 'token_key_unknown', times: 20 }] : [],
    })),
  ],
  [
    'all editors are suddenly refused, and their tabs go on asking',
    ['polls-refused'],
    untilNoon(6, () => ({ answers: polls(6, 401, 'organisation_signed_out') })),
  ],
  [
    'everything is answered 429',
    ['nobody-can-sign-in', 'public-health', 'too-many-requests'],
    untilNoon(5, () => ({
      answers: polls(5, 429).map((answer) => ({ ...answer, without: 'function' as const })),
      refresh: { stateAge: 5, healthy: false },
    })),
  ],
  [
    'logout crashes whenever it is asked',
    ['logout-errors'],
    untilNoon(10, (minute) => ({
      answers: [
        ...polls(10),
        ...every(45, minute, login),
        ...every(25, minute, [{ route: 'logout', status: 500, without: 'log line' }] as const),
      ],
    })),
  ],
  [
    'token-is-set crashes',
    ['token-is-set-errors'],
    untilNoon(5, () => ({
      answers: polls(5, 500).map((one) => ({ ...one, without: 'log line' as const })),
    })),
  ],
  [
    'callback is answered 500 whenever it is asked',
    ['callback-errors', 'no-login-succeeds', 'nobody-can-sign-in'],
    untilNoon(10, (minute) => ({
      answers: [
        ...polls(10),
        ...every(20, minute, [
          { route: 'org-login', status: 302 },
          { route: 'callback', status: 500, code: 'internal' },
        ] as const),
      ],
    })),
  ],
  [
    'DNS or the certificate is gone',
    ['nobody-can-sign-in', 'public-health'],
    untilNoon(10, () => ({ answers: [], refresh: { stateAge: 5, healthy: false } })),
  ],
  [
    'health answers 500, as the state is too old',
    [
      'in-grace',
      'nobody-can-sign-in',
      'public-health',
      'refresh-failing',
      'state-is-ageing',
      'state-too-old',
    ],
    untilNoon(0, () => ({ answers: [], refresh: { stateAge: 8000, failed: true, healthy: false } })),
  ],
  [
    'refresh-state does not run',
    ['nobody-can-sign-in', 'public-health', 'refresh-not-running', 'state-is-ageing'],
    untilNoon(10, () => ({ answers: polls(10), refresh: 'silent' })),
  ],
  [
    'the identity service is away',
    ['in-grace', 'refresh-failing', 'state-is-ageing'],
    untilNoon(10, (minute) => ({
      answers: polls(10),
      refresh: minute < noon + 30 ? { stateAge: (minute - noon) * 60, failed: true } : { stateAge: 5 },
    })),
  ],
  [
    'the certificate runs out in twenty days',
    ['certificate-expiring'],
    (minute) => ({ answers: ordinaryDay(10, minute), more: minute % 720 === 0 ? daysLeft(20) : {} }),
  ],
]

describe('a total failure', () => {
  for (const [what, rings, happens] of failures)
    it(`rings ${rings.join(', ')} when ${what}`, () => {
      for (const fill of fills) deepEqual(ringsOn(happens, fill), rings, `where FILL of no data is ${fill}`)
    })
})

const quietDays: readonly [what: string, happens: (minute: number) => Happening][] = [
  ['a newsroom of a hundred', (minute) => ({ answers: ordinaryDay(100, minute) })],
  ['a newsroom of three', (minute) => ({ answers: ordinaryDay(3, minute) })],
  ['a weekend with nobody', () => ({ answers: [] })],
  [
    'a tenth of the tabs that are suddenly refused, and go on asking',
    untilNoon(100, () => ({ answers: [...polls(90), ...polls(10, 401, 'token_expired')] })),
  ],
  [
    'a refused login now and then, followed by one that succeeds',
    (minute) => ({
      answers: [
        ...ordinaryDay(30, minute),
        ...every(50, minute, [
          { route: 'callback', status: 403, code: 'login_not_from_this_browser' },
          ...login,
        ] as const),
      ],
    }),
  ],
  [
    'a single moment without a database',
    (minute) => ({
      answers: [
        ...ordinaryDay(30, minute),
        ...(minute === noon
          ? ([
              { route: 'token-is-set', status: 503, code: 'table_unavailable', times: 15 },
              { route: 'units', status: 503, code: 'table_unavailable' },
            ] as const)
          : []),
      ],
    }),
  ],
  [
    'one missed and one failed refresh',
    (minute) => ({
      answers: ordinaryDay(10, minute),
      ...(minute === noon ? { refresh: 'silent' as const } : {}),
      ...(minute === noon + 30 ? { refresh: { stateAge: 65, failed: true, healthy: false } } : {}),
    }),
  ],
]

describe('a quiet day', () => {
  for (const [what, happens] of quietDays)
    it(`rings nothing: ${what}`, () => {
      // The state is judged from its first report on.
      for (const fill of fills) deepEqual(ringsOn(happens, fill, { from: 60, to: 1439 }), [], fill)
    })
})
