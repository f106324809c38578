import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { smoke } from '../../infra/smoke.ts'
import { startIdentity } from '../../local/identity/server.ts'
import { root } from '../../local/synthesis.ts'
import { engine } from '../engines/python.ts'
import { person } from '../support/visitor.ts'
import { adapt, copyOf, settingsFor, stack, unpackRelease } from './assembly.ts'
import { cdkFor, environment, openFront, physicalIds, putSecret, startEmulator } from './emulator.ts'

/**
 * Deployments, upgrades and removal with CDK's command line on MiniStack. docs/reliability.md has what it
 * cannot show.
 */

const bin = engine('ministack')

const credentials = { clientId: 'gateway', clientSecret: 'client-secret' }
const folder = join(root, '.local', 'deploy')

const deployments = async (programs: string) => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const identity = await startIdentity({ port: 0, ...credentials })
  const emulator = await startEmulator(programs, folder)
  const front = await openFront(emulator)
  const cdk = cdkFor(emulator, folder)
  const addresses = { gateway: front.url, identity: identity.url }

  /** Today's sources, synthesised by the CLI. */
  const synthesised = async (name: string, changed: Record<string, string> = {}): Promise<string> => {
    const outdir = join(folder, name)
    const { status, text } = await cdk(['synth', '--quiet', '--output', outdir], {
      ...settingsFor(addresses),
      ...changed,
      CDK_OUTDIR: outdir,
    })
    equal(status, 0, text)
    return outdir
  }

  const deploy = async (assembly: string) => {
    const outputs = join(folder, 'outputs.json')
    rmSync(outputs, { force: true })
    const options = ['--require-approval', 'never', '--outputs-file', outputs]
    const said = await cdk(['deploy', '--app', assembly, ...options])
    const ids = await physicalIds(emulator, stack).catch(() => new Map<string, string>())
    front.leadTo(ids.get('apiC8550315') ?? '')
    const read = (): Record<string, string> => JSON.parse(readFileSync(outputs, 'utf8'))[stack]
    return { ...said, ids, outputs: said.status === 0 ? read() : {} }
  }

  return {
    url: front.url,
    cdk,
    synthesised,
    deploy,
    release: () => unpackRelease(join(folder, 'release'), addresses),
    putCredentials: (id: string) =>
      putSecret(emulator, id, { client_id: credentials.clientId, client_secret: credentials.clientSecret }),
    close: async () => {
      front.close()
      await emulator.stop()
      await identity.close()
    },
  }
}

/** The resources that every deployment keeps, by logical id. */
const kept = (ids: ReadonlyMap<string, string>) =>
  ['table8235A42E', 'apiC8550315', 'credentialsE4920838'].map((id) => [id, ids.get(id)])

if (bin !== undefined)
  describe('A deployment', () => {
    let on: Awaited<ReturnType<typeof deployments>>
    let released: Awaited<ReturnType<typeof on.deploy>>
    let today: string
    let reader: ReturnType<typeof person>
    let leaver: ReturnType<typeof person>
    let left: Map<string, string>

    before(async () => {
      on = await deployments(bin)
      reader = person(on.url)
      leaver = person(on.url)
    })
    after(() => on.close())

    it('starts in a bootstrapped account', async () => {
      const { status, text } = await on.cdk(['bootstrap', '--app', on.release(), environment])
      equal(status, 0, text)
    })

    it('is rolled back when it fails, and can be tried again', async () => {
      today = await on.synthesised('today')
      const broken = adapt(copyOf(today, join(folder, 'broken')), ({ Resources }) => {
        const alarm = Object.values(Resources).find(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
        delete alarm?.Properties.Threshold
        delete alarm?.Properties.ComparisonOperator
      })
      const { status, text } = await on.deploy(broken)
      notEqual(status, 0)
      match(text, /ROLLBACK|failed to deploy/)
    })

    it('of the last release succeeds, and health answers 500 until the credentials are set', async () => {
      released = await on.deploy(adapt(on.release()))
      equal(released.status, 0, released.text)
      equal((await reader.health()).status, 500)
    })

    it('becomes healthy within two minutes of setting the credentials, by its schedule', async () => {
      await on.putCredentials(released.outputs.CredentialsSecret ?? '')
      const deadline = Date.now() + 120_000
      let { status } = await reader.health()
      while (status !== 200 && Date.now() < deadline) {
        await pause(2000)
        status = (await reader.health()).status
      }
      equal(status, 200)
    })

    it('of the last release lets people sign in and out', async () => {
      equal(await reader.signIn(), true)
      deepEqual(
        [await reader.poll(), await reader.choose('south'), (await reader.units()).preferred],
        [200, 200, 'south'],
      )
      equal(await leaver.signIn(), true)
      left = new Map(leaver.cookies)
      deepEqual([await leaver.poll(), await leaver.signOut()], [200, 200])
    })

    it('of this version over the last release keeps table, URL, secret, sessions, preferences and logouts', async () => {
      const { status, text, ids, outputs } = await on.deploy(adapt(copyOf(today, join(folder, 'upgrade'))))
      equal(status, 0, text)
      deepEqual(kept(ids), kept(released.ids))
      deepEqual([await reader.poll(), (await reader.units()).preferred], [200, 'south'])
      for (const [name, value] of left) leaver.cookies.set(name, value)
      equal(await leaver.poll(), 401, 'a session that was ended stays ended')
      equal(outputs.PublicUrl, on.url)
      equal(outputs.TableName, ids.get('table8235A42E'))
    })

    it('passes the smoke test', async () => {
      const findings = await smoke(on.url, { org: 'demo' })
      deepEqual(
        findings.filter(({ problems }) => problems.length > 0),
        [],
      )
      ok(findings.length > 50)
    })

    it('does nothing without a change, and updates in place with a changed setting', async () => {
      const before = await on.deploy(join(folder, 'upgrade'))
      match(before.text, /\(no changes\)/)
      const changed = adapt(await on.synthesised('changed', { GRACE_PERIOD: '7200' }))
      const { status, text, ids } = await on.deploy(changed)
      equal(status, 0, text)
      deepEqual([...ids].toSorted(), [...before.ids].toSorted())
      equal((await reader.health()).gracePeriod, 7200)
      equal(await reader.poll(), 200)
    })

    it('leaves its table when it is removed; one that adopts the table keeps its sessions and logouts', async () => {
      const upgraded = join(folder, 'upgrade')
      const { outputs } = await on.deploy(upgraded)
      const removed = await on.cdk(['destroy', '--force', '--app', upgraded])
      equal(removed.status, 0, removed.text)
      const adopting = adapt(await on.synthesised('adopting', { EXISTING_TABLE: outputs.TableName ?? '' }))
      const { status, text, ids, ...again } = await on.deploy(adopting)
      equal(status, 0, text)
      equal(ids.get('table8235A42E'), undefined)
      equal(again.outputs.TableName, outputs.TableName)
      deepEqual([await reader.poll(), (await reader.units()).preferred], [200, 'south'])
      for (const [name, value] of left) leaver.cookies.set(name, value)
      equal(await leaver.poll(), 401, 'a session that was ended stays ended')
    })
  })
