import { commands } from './control.ts'
import type { Reply } from './exchange.ts'
import { html, type Markup, page } from './html.ts'
import type { Directory, Organisation } from './seed.ts'

const organisationItem =
  ({ users }: Directory) =>
  ({ id, name, displayName, blocked }: Organisation): Markup => {
    const names = users.filter(({ subject }) => subject.organizationId === id).map((user) => user.name)
    return html`<li><b>${name}</b> (${displayName}${blocked ? ', blocked' : ''}): ${names.join(', ')}</li>`
  }

/** JSON with spaces between its members, so that a narrow screen can wrap it. */
const inOneLine = (value: object): string => JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ')

/** `GET /`: a page with the people who can sign in and the test switches. */
export const home = (directory: Directory): Reply =>
  page(
    200,
    'People and test switches',
    html`<p>It replaces the authentication service, the Admin API and the Access Token service.</p>
<h2>Organisations and their users</h2>
<ul>
${directory.organisations.map(organisationItem(directory))}
</ul>
<h2>Switches</h2>
<p>Send one as JSON: <code>POST /_control</code></p>
<dl>
${Object.entries(commands).map(
  ([name, { what, example }]) =>
    html`<dt><code>${inOneLine({ do: name, ...example })}</code></dt><dd>${what}</dd>`,
)}
</dl>`,
  )
