import { generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { type ClientMetadata, type Configuration, Provider } from 'oidc-provider'
import { cardStyle, escaped, icon } from '../../lib/errors/page.ts'
import { deferredListener, listenOnLoopback } from '../../local/listening.ts'

/**
 * A real OpenID Connect provider on this machine, with a login page of its own and the people of the local
 * stack.
 */

/** The claims of a person. */
export type Person = Readonly<{ given_name: string; family_name: string }> & Readonly<Record<string, unknown>>

type ProviderOptions = Readonly<{
  port?: number
  clients: ClientMetadata[]
  people: Map<string, Person>
  log?: (line: string) => void
}>

const newKey = (kid: string) => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  kid,
  use: 'sig',
  alg: 'RS256',
})

const configuration = ({ clients, people }: ProviderOptions): Configuration => ({
  clients,
  jwks: { keys: [newKey('provider-1')] },
  cookies: { keys: ['signs the cookies of a provider on this machine'] },
  claims: {
    openid: ['sub'],
    profile: ['given_name', 'family_name', 'picture'],
    email: ['email'],
    groups: ['groups'],
  },
  scopes: ['openid', 'profile', 'email', 'groups'],
  // Profile claims go into the ID token too, where this service looks for them first.
  conformIdTokenClaims: false,
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: true },
    backchannelLogout: { enabled: true },
  },
  pkce: { required: () => true },
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  // Without a discovered dispatcher, which refuses calls to loopback.
  fetch: (url, init) => {
    const { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown } = init ?? {}
    return fetch(url, options)
  },
  findAccount: (_, id) => {
    const person = people.get(id)
    return person && { accountId: id, claims: async () => ({ ...person, sub: id }) }
  },
  // Nobody is asked for consent: the client is the organisation's own.
  loadExistingGrant: async ({ oidc }) => {
    const { client, session, provider } = oidc
    const grant = new provider.Grant({
      ...(client && { clientId: client.clientId }),
      ...(session?.accountId && { accountId: session.accountId }),
    })
    grant.addOIDCScope('openid profile email groups')
    await grant.save()
    return grant
  },
  ttl: {
    AccessToken: 600,
    AuthorizationCode: 60,
    IdToken: 600,
    Interaction: 1800,
    Session: 86_400,
    Grant: 86_400,
  },
})

/** The look of the gateway's own pages. */
const style = `${cardStyle}
button{display:block;width:100%;margin-top:.6rem;padding:.8rem 1.1rem;border:1px solid var(--soft);border-radius:.6rem;background:transparent;color:inherit;font:inherit;text-align:left;cursor:pointer}
button:hover{border-color:var(--accent);color:var(--accent)}
button:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
form{margin-top:1.5rem}`

const page = (people: ReadonlyMap<string, Person>): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in at the provider</title>
<style>${style}</style>
</head>
<body>
<main>
<header>${icon}<p><b>OpenID Connect provider</b><span>a real one, on this machine</span></p></header>
<h1>Sign in at the provider</h1>
<p>Choose who you want to be.</p>
<form method="post">
${[...people]
  .map(
    ([id, { given_name, family_name }]) =>
      `<button name="login" value="${escaped(id)}">${escaped(`${given_name} ${family_name}`)}</button>`,
  )
  .join('\n')}
<button name="cancel" value="yes">Cancel</button>
</form>
</main>
</body>
</html>
`

const interact = async (
  provider: Provider,
  people: ReadonlyMap<string, Person>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  if (request.method !== 'POST') {
    await provider.interactionDetails(request, response)
    response.setHeader('content-type', 'text/html; charset=utf-8').end(page(people))
    return
  }
  const form = new URLSearchParams(await text(request))
  const login = form.get('login')
  const result =
    login === null || !people.has(login)
      ? { error: 'access_denied', error_description: 'the person said no' }
      : { login: { accountId: login, remember: true } }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
}

/** Starts the provider at 127.0.0.1, another site than `localhost` even to a browser that ignores ports. */
export const startProvider = async (options: ProviderOptions) => {
  const { people, log = () => {} } = options
  const { listener, open } = deferredListener()
  const { port, close } = await listenOnLoopback(listener, options.port ?? 0)
  const issuer = `http://127.0.0.1:${port}`
  const provider = new Provider(issuer, configuration(options))
  provider.on('server_error', (_, error) => log(`server_error ${error.message}`))
  provider.on('backchannel.error', (_, error) => log(`backchannel.error ${error.message}`))
  const serve = provider.callback()
  open((request, response) => {
    if (!request.url?.startsWith('/interaction/')) return void serve(request, response)
    interact(provider, people, request, response).catch((error: Error) => {
      log(`interaction ${error.message}`)
      response.statusCode = 400
      response.end('This sign-in has run out.')
    })
  })
  return { issuer, provider, close }
}
