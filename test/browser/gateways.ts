import { after } from 'node:test'
import { startStack } from '../../local/stack.ts'
import { standInAt } from '../support/services.ts'
import { openFront } from './front.ts'

export const prefix = '/imsg-service/v1'

// The test files of this suite share one process and these gateways.
const closing: (() => Promise<void>)[] = []
after(() => Promise.all(closing.map((close) => close())))

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}

type At = (host: string) => string

const deploy = async (host: string, secure: boolean, more: (at: At) => Record<string, string>) => {
  const front = await openFront(secure)
  closing.push(front.close)
  /** The address of a host at the same front. */
  const at: At = (name) => `${secure ? 'https' : 'http'}://${name}:${front.port}`
  const env = { PUBLIC_URL: at(host), ...more(at) }
  const stack = await startStack({ port: 0, idpPort: 0, refreshEvery: 0, env })
  closing.push(stack.close)
  front.forwardTo(stack.url)

  const { control } = standInAt(stack.identityUrl)
  return { url: at(host), at, front, stack, control }
}

/** A gateway behind a front. `url`: its `PUBLIC_URL`. */
export type Deployed = Awaited<ReturnType<typeof deploy>>

/** A gateway over http, as `npm start` runs it, and a service on another host. */
export const overHttp = once(() =>
  deploy('localhost', false, (at) => ({
    ALLOWED_CALLBACK_ORIGINS: at('app.localhost'),
    INCLUDE_IMID_TOKEN_IN_REQUEST: 'true',
  })),
)

/** A gateway over https, as a site runs it, with a session cookie that its services share. */
export const overHttps = once(() =>
  deploy('gw.sso.localhost', true, (at) => ({
    COOKIE_DOMAIN: 'sso.localhost',
    ALLOWED_CALLBACK_ORIGINS: at('app.sso.localhost'),
    CORS_ALLOWED_ORIGINS: [at('app.sso.localhost'), at('app.localhost')].join(),
  })),
)
