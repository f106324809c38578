import type { Access } from '../../lib/access.ts'
import type { Config } from '../../lib/config.ts'
import type { Jar } from '../../lib/cookies.ts'
import type { Handle } from '../../lib/endpoint.ts'
import { ok, redirect } from '../../lib/http.ts'
import { allowedFor } from '../../lib/login.ts'
import { returnUrl } from '../../lib/return-url.ts'
import { organisationKey, type Sessions } from '../../lib/sessions.ts'
import type { Table } from '../../lib/table.ts'

type Deps = {
  access: Pick<Access, 'presented'>
  sessions: Sessions
  jar: Pick<Jar, 'noSession'>
  table: Pick<Table, 'read'>
  config: Pick<Config, 'publicUrl' | 'callbackOrigins'>
  now: () => number
}

/** `POST /logout`: end the session first, whatever else is wrong with the request, then judge where to go. */
export const logout =
  ({ access, sessions, jar, table, config, now }: Deps): Handle =>
  async (request) => {
    const ending = await access.presented(request)
    request.facts.org = ending[0]?.org
    request.facts.subject = ending[0]?.subject
    await Promise.all(
      ending.filter(({ expires }) => expires > now()).map((claims) => sessions.end(claims, now())),
    )
    const cookies = jar.noSession()
    request.facts.cookies = cookies

    const callback = request.query.one('callback')
    if (callback === undefined) return ok({ msg: 'You are logged out' }, cookies)

    // Of two sessions one may have been planted: neither says where this person may go.
    const org = ending.length === 1 ? ending[0]?.org : undefined
    const items = await table.read(org === undefined ? [] : [organisationKey(org)])
    return redirect(303, returnUrl(callback, allowedFor(config, org, items)), cookies)
  }
