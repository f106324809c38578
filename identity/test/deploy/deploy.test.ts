import { deepEqual, equal, match } from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { root } from '../../../local/synthesis.ts'
import { adapt, stack } from '../../../test/deploy/assembly.ts'
import {
  cdkFor,
  environment,
  openFront,
  physicalIds,
  putSecret,
  startEmulator,
} from '../../../test/deploy/emulator.ts'
import { engine } from '../../../test/engines/python.ts'
import { clientFor, clientSecret, organisationsDocument, people } from '../../local/demo.ts'
import { startProvider } from '../../local/provider.ts'
import { agent } from '../support/agent.ts'
import { confirmSignOut, journey, signInAt } from '../support/journey.ts'

/**
 * Both stacks from this repository, deployed by the CDK CLI on an emulator of AWS, with a real provider and
 * KMS's own interface.
 */

const bin = engine('ministack')
const folder = join(root, '.local', 'deploy-both')
const identityStack = 'ImsgIdentity'

/** The emulator, a front for each stack, a provider that knows the second, and the file that both read. */
const open = async (programs: string) => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const emulator = await startEmulator(programs, folder)
  const [gateway, identity] = [await openFront(emulator), await openFront(emulator)]
  const provider = await startProvider({ clients: [clientFor(identity.url)], people: people() })
  const file = join(folder, 'organisations.json')
  writeFileSync(file, JSON.stringify(organisationsDocument(provider.issuer)))
  const cdk = cdkFor(emulator, folder)

  const synthesised = async (name: string, app: string, texts: Record<string, string>): Promise<string> => {
    const outdir = join(folder, name)
    const args = ['synth', '--quiet', '--app', app, '--output', outdir]
    const { status, text } = await cdk(args, { ...texts, CDK_OUTDIR: outdir })
    equal(status, 0, text)
    return adapt(outdir, () => {}, name)
  }

  const deployed = async (name: string, assembly: string) => {
    const outputs = join(folder, `${name}.outputs.json`)
    const args = ['deploy', '--app', assembly, '--require-approval', 'never', '--outputs-file', outputs]
    const { status, text } = await cdk(args)
    equal(status, 0, text)
    const written: Record<string, string> = JSON.parse(readFileSync(outputs, 'utf8'))[name]
    return { outputs: written, ids: await physicalIds(emulator, name) }
  }
  const close = async () => {
    gateway.close()
    identity.close()
    await provider.close()
    await emulator.stop()
  }
  return { emulator, gateway, identity, provider, file, cdk, synthesised, deployed, close }
}

const apiIn = (ids: ReadonlyMap<string, string>): string =>
  [...ids].find(([id]) => /^api[0-9A-F]{8}$/.test(id))?.[1] ?? ''

if (bin !== undefined)
  describe('gateway and identity service, deployed by the CDK CLI', () => {
    let on: Awaited<ReturnType<typeof open>>
    const person = agent()
    let way: ReturnType<typeof journey>

    before(async () => {
      on = await open(bin)
      way = journey(on.gateway.url, `${on.gateway.url}/article`)
    })
    after(() => on.close())

    it('deploy in sequence, the identity service with the table of the gateway', async () => {
      const { gateway, identity, file, cdk, synthesised, deployed, emulator } = on
      const assembly = await synthesised(stack, 'node infra/app.ts', {
        PUBLIC_URL: gateway.url,
        IMAS_URL: identity.url,
        IMAS_LOGOUT_PATH: '/v1/org/{org}/logout',
        ORGANISATIONS: file,
        TOKEN_ISSUER: identity.url,
        TOKEN_AUDIENCE: gateway.url,
      })
      const bootstrapped = await cdk(['bootstrap', '--app', assembly, environment])
      equal(bootstrapped.status, 0, bootstrapped.text)
      const first = await deployed(stack, assembly)
      gateway.leadTo(apiIn(first.ids))

      const other = await synthesised(identityStack, 'node identity/infra/app.ts', {
        IDENTITY_URL: identity.url,
        PUBLIC_URL: gateway.url,
        ORGANISATIONS: file,
        SIGNING_KEYS: '2026-11-27',
        GATEWAY_TABLES: first.outputs.TableName ?? '',
      })
      const second = await deployed(identityStack, other)
      identity.leadTo(apiIn(second.ids))
      await putSecret(emulator, second.outputs.ClientSecrets ?? '', { demo: clientSecret })
      const { keys } = JSON.parse((await person.ask(`${identity.url}/v1/jwks`)).body)
      equal(keys.length, 1)
    })

    it('become healthy within two minutes, once the schedule has fetched the key set', async () => {
      const status = async () => (await person.ask(`${on.gateway.url}/imsg-service/v1/health`)).status
      const deadline = Date.now() + 120_000
      while ((await status()) !== 200 && Date.now() < deadline) await pause(2000)
      equal(await status(), 200)
    })

    it('sign a person in at the provider, list their units, and sign them out at both', async () => {
      const { home, start, poll, units, leave } = way
      const page = await start(person)
      match(page.url, /\/interaction\//, `${page.url} ${page.status} ${page.body}`)
      const back = await signInAt(person, page, 'editor', home)
      equal(back.url, home, back.body)
      equal(await poll(person), 200)
      deepEqual(await units(person), ['north', 'south'])
      equal((await confirmSignOut(person, await leave(person, home), home)).url, home)
      equal(await poll(person), 401)
    })

    it('end the session of a person who signs out at the provider, by back-channel logout', async () => {
      const { home, start, poll } = way
      await signInAt(person, await start(person), 'chief', home)
      equal(await poll(person), 200)
      await pause(1100)
      await confirmSignOut(person, await person.ask(`${on.provider.issuer}/session/end`))
      equal(await poll(person), 401)
    })
  })
