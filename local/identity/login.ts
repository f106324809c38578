import type { BufferedRequest, Reply } from './exchange.ts'
import { html, type Markup, page } from './html.ts'
import { signed } from './keys.ts'
import type { Organisation, User } from './seed.ts'
import type { StandIn } from './stand-in.ts'
import { idClaims } from './tokens.ts'

/**
 * The callback URL with the token added to its query, before any fragment. Changes nothing else; a URL parser
 * would normalise the rest.
 */
export const withToken = (callback: string, token: string): string => {
  const [, address = '', fragment = ''] = /^([^#]*)(.*)$/.exec(callback) ?? []
  const joint = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&'
  return `${address}${joint}imid_token=${token}${fragment}`
}

/** Only printable ASCII, as a `Location` header requires. */
const isCallback = (text: string): boolean => /^https?:\/\/[!-~]+$/i.test(text) && URL.canParse(text)

const refusal = (status: number, title: string, advice: Markup): Reply =>
  page(status, title, html`<p>${advice}</p>`)

const person =
  (callback: string) =>
  ({ name, userinfo, groups, subject }: User): Markup => {
    const query = new URLSearchParams({ callback, subject: name })
    const blocked = subject.blocked ? html` (blocked)` : html``
    return html`<li><a href="?${query.toString()}"><strong>${userinfo.given_name} ${userinfo.family_name}${blocked}</strong>
<span>${name}: ${groups.join(', ') || 'no groups'}</span></a></li>`
  }

const choice = (organisation: Organisation, users: readonly User[], callback: string): Reply =>
  page(
    200,
    `Sign in to ${organisation.displayName}`,
    html`<p>Choose who you want to be. You go on to <b>${new URL(callback).host}</b>.</p>
<ul class="people">
${users.map(person(callback))}
</ul>`,
  )

/** `GET /v1/org/<org>/login`: a page to choose a person, or a redirect when the query names one. */
export const login = ({ directory, ring }: StandIn, { query }: BufferedRequest, org: string): Reply => {
  const organisation = directory.organisations.find(({ name }) => name === org)
  if (organisation === undefined)
    return refusal(404, 'Unknown organisation', html`There is no organisation <b>${org}</b> here.`)
  if (organisation.blocked)
    return refusal(403, 'Blocked organisation', html`The organisation <b>${org}</b> is blocked.`)

  const [callback = '', ...more] = query.getAll('callback')
  if (more.length > 0 || !isCallback(callback))
    return refusal(
      400,
      'No callback',
      html`The query must contain one <b>callback</b>: an http or https URL in printable ASCII.`,
    )

  const users = directory.users.filter(({ subject }) => subject.organizationId === organisation.id)
  const name = query.get('subject')
  if (name === null) return choice(organisation, users, callback)

  const user = users.find((candidate) => candidate.name === name)
  if (user === undefined)
    return refusal(
      404,
      'Unknown user',
      html`There is no user <b>${name}</b> in the organisation <b>${org}</b>.`,
    )
  if (user.subject.blocked) return refusal(403, 'Blocked user', html`The user <b>${name}</b> is blocked.`)

  const location = withToken(callback, signed(ring.signing, idClaims(organisation, user)))
  return { status: 302, headers: { location, 'referrer-policy': 'no-referrer' }, body: '' }
}
