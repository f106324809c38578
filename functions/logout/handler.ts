import type { Access } from '../../lib/access.ts'
import type { Config } from '../../lib/config.ts'
import type { Jar } from '../../lib/cookies.ts'
import type { Handle } from '../../lib/endpoint.ts'
import { redirect } from '../../lib/http.ts'
import { allowedFor } from '../../lib/login.ts'
import { cookiesMayAct } from '../../lib/policy.ts'
import { signedOut } from '../../lib/refusal.ts'
import { returnUrl } from '../../lib/return-url.ts'
import type { Rounds } from '../../lib/rounds.ts'
import { organisationKey, type Sessions } from '../../lib/sessions.ts'
import type { Table } from '../../lib/table.ts'

type Deps = {
  access: Pick<Access, 'presented'>
  sessions: Sessions
  jar: Pick<Jar, 'noSession'>
  rounds: Pick<Rounds, 'forget'>
  table: Pick<Table, 'read'>
  config: Pick<Config, 'publicUrl' | 'callbackOrigins' | 'corsOrigins'>
  now: () => number
}

/** `POST /logout`: end the session first, whatever else is wrong with the request, then judge where to go. */
export const logout =
  ({ access, sessions, jar, rounds, table, config, now }: Deps): Handle =>
  async (request) => {
    // A bearer speaks for itself. The cookies beside it speak too when a page of ours sent them, and are left alone when not.
    const withCookies = cookiesMayAct(request, config)
    const ending = await access.presented(request, withCookies)
    request.facts.org = ending[0]?.org
    request.facts.subject = ending[0]?.subject
    await Promise.all(
      ending.filter(({ expires }) => expires > now()).map((claims) => sessions.end(claims, now())),
    )
    if (withCookies) request.facts.cookies = [...jar.noSession(), ...rounds.forget(request)]

    const callback = request.query.one('callback')
    if (callback === undefined) return signedOut(request)

    // Of two sessions one may have been planted: where they are of two organisations, neither says where this person may go.
    const [org, other] = new Set(ending.map((claims) => claims.org))
    const home = other === undefined ? org : undefined
    const items = await table.read(home === undefined ? [] : [organisationKey(home)])
    return redirect(303, returnUrl(callback, allowedFor(config, home, items)), request.facts.cookies)
  }
