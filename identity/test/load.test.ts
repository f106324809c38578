import { deepEqual, equal, match } from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, afterEach, describe, it, mock } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { KMSClient } from '@aws-sdk/client-kms'
import { openGateway } from '../../test/support/gateway.ts'
import { listening } from '../../test/support/ports.ts'
import type { Settings } from '../settings.ts'
import { uuid5 } from '../sign-in/person.ts'
import { signingKeys } from '../sign-in/signing-key.ts'
import {
  browser,
  claimsIn,
  codeIn,
  gateway,
  headerIn,
  identity,
  openService,
  type Service,
  settingsOf,
  tokenIn,
} from './support/service.ts'

/**
 * Gateway and identity service together: people sign in and sessions are polled at the same time, while keys
 * change or KMS fails. The clock moves only when a test moves it.
 */

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const advanceClock = (seconds: number): void => mock.timers.tick(seconds * 1000)
const [hour, week] = [3600, 604_800]

const service = await openService({ demo: { sessionLifetime: week } })
const { provider } = service

/** Signing keys without a timeout, for a busy machine: keys.test.ts covers a slow KMS. */
const keysOf = ({ signingKeys: names }: Pick<Settings, 'signingKeys'>, maxAttempts = 3) =>
  signingKeys(new KMSClient({ endpoint: service.kms.url, maxAttempts }), names)

/** A newly started instance of every function, with these signing keys. */
const started = (keys: string, more: Parameters<Service['instance']>[0] = {}): Service['call'] => {
  const settings = settingsOf({ SIGNING_KEYS: keys })
  return service.open(service.instance({ settings, keys: keysOf(settings), ...more }))
}

/** The keys that are deployed. Each request for the key set reaches a newly started instance. */
const deployed = { keys: '2026-11-01=key-1' }
const front = createServer(async (_, response) => {
  const { statusCode, headers, body } = await started(deployed.keys)('jwks')
  response.writeHead(statusCode, headers).end(body)
})
const { port, close } = await listening(front)
after(close)
const on = await openGateway({
  IMAS_URL: `http://127.0.0.1:${port}`,
  TOKEN_ISSUER: identity,
  TOKEN_AUDIENCE: gateway,
})

type Session = Readonly<{ name: string; kid: unknown; expires: number; cookies: readonly string[] }>
const sessions: Session[] = []
/** Status and code of each error page that was shown during a sign-in. */
const errorPages: string[] = []
/** The status codes of all polls. */
const polled = new Set<number>()
let people = 0
afterEach(() => {
  sessions.length = errorPages.length = 0
  polled.clear()
})

/** Signs a new person in, retrying after each error page. Resolves to whether it succeeded. */
const signInSomebody = async (call: Service['call'], tries = 9): Promise<boolean> => {
  const name = `person-${++people}`
  const [here, there] = [browser(), browser()]
  const query = `org=demo&callback=${encodeURIComponent('https://app.example.test/')}`
  const { headers } = here.take(await on.call('login', { query }))
  const to = new URL(headers.location ?? '').searchParams.get('callback') ?? ''
  const claims = { sub: name, sid: `session of ${name}` }
  for (let attempt = 0; attempt < tries; attempt++) {
    const answer = await service.signIn({ call, person: there, to, claims })
    if (answer.statusCode === 303) {
      const token = tokenIn(answer)
      const { sub, exp } = claimsIn(token)
      equal(sub, `demo_${uuid5(`${provider.issuer}|${name}`)}`, 'somebody else’s token')
      const { search } = new URL(answer.headers.location ?? '')
      const back = here.take(await on.call('callback', { query: search.slice(1), cookies: here.pairs() }))
      equal(back.statusCode, 302, back.body)
      sessions.push({ name, kid: headerIn(token).kid, expires: Number(exp), cookies: here.pairs() })
      return true
    }
    errorPages.push(`${answer.statusCode} ${codeIn(answer)}`)
    match(answer.body ?? '', /class="action"/, 'a link to retry')
  }
  return false
}

/** Polls with every session whose token has not expired. */
const pollAll = async (poll: typeof pollWarm): Promise<void> => {
  const living = sessions.filter(({ expires }) => expires > Date.now() / 1000)
  for (const { cookies } of living) polled.add((await poll({ cookies })).statusCode)
}
const pollWarm = (request: { cookies: readonly string[] }) => on.call('token-is-set', request)

/**
 * Four instances sign people in, and two gateways poll every session, one of them newly started, until
 * `change` is over. `instances` may be exchanged meanwhile.
 */
const underLoad = async (
  instances: Service['call'][],
  change: (signedIn: (more: number) => Promise<void>) => Promise<void>,
): Promise<void> => {
  let going = true
  const work = [
    ...instances.map(async (_, lane) => {
      while (going)
        equal(
          await signInSomebody(instances[lane] ?? service.call),
          true,
          `not signed in: ${errorPages.at(-1)}`,
        )
    }),
    ...[pollWarm, await on.open('token-is-set')].map(async (poll) => {
      while (going) await pollAll(poll).then(() => pause(1))
    }),
  ]
  const signedIn = async (more: number): Promise<void> => {
    const enough = sessions.length + more
    while (going && sessions.length < enough) await pause(1)
  }
  await Promise.race([change(signedIn), Promise.all(work)]).finally(() => {
    going = false
  })
  await Promise.all(work)
  await pollAll(pollWarm)
}

const fourInstances = (keys = deployed.keys) => Array.from({ length: 4 }, () => started(keys))

describe('A rotation of the signing key under load', () => {
  it('refuses no login or poll, and causes no extra key set request by a gateway', async () => {
    const instances = fourInstances()
    /** Replaces one instance after the other while people come and go, and the gateway fetches the keys. */
    const deploy = (keys: string) =>
      underLoad(instances, async (signedIn) => {
        await signedIn(4)
        for (const lane of instances.keys()) {
          instances[lane] = started(keys)
          await signedIn(2)
          if (lane === 1) deployed.keys = keys
          if (lane !== 2) continue
          await on.refresh()
          // Gateways keep what they have read for a minute.
          for (const seconds of [31, 31]) {
            advanceClock(seconds)
            await signedIn(4)
          }
        }
        await signedIn(4)
      })
    const wait = async (seconds: number): Promise<void> => {
      advanceClock(seconds - 60)
      await on.refresh()
      advanceClock(60)
      await pollAll(pollWarm)
    }

    await deploy('2026-11-01=key-1,2026-11-27=key-2')
    await wait(hour)
    await deploy('2026-11-27=key-2,2026-11-01=key-1')
    equal(new Set(sessions.map(({ kid }) => kid)).size, 2)
    // The last token of the first key expires meanwhile.
    await wait(week - 600)
    await wait(hour + 600)
    await deploy('2026-11-27=key-2')
    deepEqual([errorPages, [...polled], on.asked.times], [[], [200], 0])
  })
})

describe('Sign-ins while KMS fails one call in five', () => {
  it('succeed after retries, issue correct tokens and store every session', async () => {
    // The first instance retries calls of KMS, the others do not.
    const names = [{ made: '2026-11-01', id: 'key-1' }]
    const once = () => keysOf({ signingKeys: names }, 1)
    const keys = '2026-11-01=key-1'
    deployed.keys = keys
    await on.refresh()
    const instances = [started(keys), ...[1, 2, 3].map(() => started(keys, { keys: once() }))]
    service.kms.faults.failEvery = 5
    await underLoad(instances, async (signedIn) => {
      for (let refresh = 0; refresh < 4; refresh++) {
        await signedIn(8)
        await on.refresh()
      }
    })
    delete service.kms.faults.failEvery
    deepEqual([...polled], [200])
    deepEqual([...new Set(errorPages)], ['503 signing_unavailable'])

    // What was stored on the way is complete: the provider can end each of these sessions.
    const call = started(keys, { gatewayTables: [on.table] })
    advanceClock(1)
    for (const { name } of sessions)
      await call('frontchannel-logout', { query: `sid=${encodeURIComponent(`session of ${name}`)}` })
    polled.clear()
    await pollAll(pollWarm)
    deepEqual([...polled], [401])
  })
})

describe('A provider that changes its keys under load', () => {
  it('causes no refusal when it publishes the new key a minute before signing with it', async () => {
    provider.wrong.signs = 'k1'
    await underLoad(fourInstances(), async (signedIn) => {
      await signedIn(8)
      provider.wrong.keys.set('k2', provider.newKey())
      await signedIn(8)
      advanceClock(60)
      provider.wrong.signs = 'k2'
      await signedIn(8)
      provider.wrong.keys.delete('k1')
      await signedIn(8)
    })
    deepEqual([errorPages, [...polled]], [[], [200]])
  })

  it('without notice causes refused sign-ins for up to a minute, and ends no session', async () => {
    const instances = fourInstances()
    await underLoad(instances, (signedIn) => signedIn(8))
    const inBefore = sessions.length
    provider.wrong.keys = new Map([['k2', provider.newKey()]])
    for (const call of instances) await signInSomebody(call, 2)
    equal(sessions.length, inBefore)
    deepEqual(
      errorPages,
      Array.from({ length: 8 }, () => '403 provider_answer_refused'),
    )
    await signInSomebody(started(deployed.keys))
    equal(sessions.length, inBefore + 1, 'a new instance asks for the keys at once')

    advanceClock(60)
    errorPages.length = 0
    await underLoad(instances, (signedIn) => signedIn(8))
    deepEqual([errorPages, [...polled]], [[], [200]])
  })
})
