import { start } from '../../../test/local/starting.ts'
import { freePort } from '../../../test/support/ports.ts'

/** `npm start -- --provider` in a process of its own, until the tests of this file are over. */
export const startEverything = async () => {
  const env = {
    PORT: String(await freePort()),
    PROVIDER_PORT: '0',
    REFRESH_EVERY: '2',
    SITE_NAME: 'Example News',
  }
  const { says } = await start(env, undefined, [process.execPath, 'local/start.ts', '--provider'])
  const said = await says(/stop +Ctrl-C/)
  const addressOf = (what: string) => new RegExp(`${what} +(http\\S+)`).exec(said)?.[1] ?? said
  return {
    gateway: addressOf('ready'),
    identity: addressOf('identity service'),
    provider: addressOf('OpenID provider'),
  }
}
