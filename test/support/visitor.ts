import { type IncomingHttpHeaders, request } from 'node:http'

/** What came back, with the body as text. */
export type Seen = Readonly<{ status: number; headers: IncomingHttpHeaders; body: string }>

export type Wish = Readonly<{
  method?: string
  headers?: Record<string, string | string[]>
  body?: string | Uint8Array
}>

/** A request over its own connection, with only these headers. Node's `fetch` would add Fetch Metadata. */
export const send = (url: string, { method = 'GET', headers = {}, body }: Wish = {}): Promise<Seen> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      answer.once('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
      )
    })
    sent.once('error', reject).end(body)
  })

/** A browser at `localhost`: keeps cookies, follows redirects, chooses a person at the stand-in. */
export const visitor = (subject = 'editor') => {
  const cookies = new Map<string, string>()

  const ask = async (url: string, wish: Wish = {}): Promise<Seen> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const seen = await send(url, { ...wish, headers: { ...(cookie && { cookie }), ...wish.headers } })
    for (const line of seen.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      // Clearing a cookie of another path or domain leaves this one where it is.
      const isOwn = /; Path=\/(;|$)/.test(line) && !/; Domain=/.test(line)
      if (value !== '') cookies.set(name, value)
      else if (isOwn) cookies.delete(name)
    }
    return seen
  }

  /** Navigates there and wherever it leads. `trail`: every address on the way. */
  const open = async (url: string): Promise<Seen & { trail: string[] }> => {
    const trail = [url]
    for (;;) {
      const here = trail.at(-1) ?? url
      const atIdentity = /\/v1\/org\/[^/]+\/login\?/.test(here) && !here.includes('/imsg-service/')
      const headers = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }
      const seen = await ask(atIdentity ? `${here}&subject=${subject}` : here, { headers })
      const { location } = seen.headers
      if (location === undefined || trail.length > 10) return { ...seen, trail }
      trail.push(new URL(location, here).href)
    }
  }

  return { cookies, ask, open }
}

/** An editor at a gateway. Each step resolves to the status of the answer, or to what it says. */
export const person = (gateway: string, subject = 'editor') => {
  const { cookies, ask, open } = visitor(subject)
  const base = `${gateway}/imsg-service/v1`
  const headers = { origin: gateway, 'content-type': 'application/json' }
  const post = async (path: string, body?: object) => {
    const text = body === undefined ? {} : { body: JSON.stringify(body) }
    return (await ask(base + path, { method: 'POST', headers, ...text })).status
  }
  let logins = 0

  return {
    cookies,
    /** Whether a login ends at its page. Each login has its own page, or it would count as a loop. */
    signIn: async (): Promise<boolean> => {
      const page = `/article/${logins++}`
      const { trail } = await open(`${base}/org/demo/login?callback=${page}`)
      return trail.at(-1) === gateway + page
    },
    poll: async () => (await ask(`${base}/token-is-set`)).status,
    units: async (): Promise<{ units: { name: string }[]; preferred: string | null }> =>
      JSON.parse((await ask(`${base}/units`)).body),
    choose: (unit: string) => post('/unit', { unit }),
    signOut: () => post('/logout'),
    health: async () => {
      const { status, body } = await send(`${base}/health`, {
        headers: { accept: 'application/health+json' },
      })
      return { status, gracePeriod: JSON.parse(body).gracePeriod as unknown }
    },
  }
}
