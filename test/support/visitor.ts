import { type IncomingHttpHeaders, request } from 'node:http'

/** What came back, with the body as text. */
export type Seen = Readonly<{ status: number; headers: IncomingHttpHeaders; body: string }>

export type Wish = Readonly<{ method?: string; headers?: Record<string, string>; body?: string }>

/** One request over a connection of its own, with no headers but these: Node's `fetch` adds Fetch Metadata. */
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

/** A browser at `localhost`: it keeps cookies whatever the port, follows redirects, and says who it is at the identity stand-in. */
export const visitor = (subject = 'editor') => {
  const cookies = new Map<string, string>()

  const ask = async (url: string, wish: Wish = {}): Promise<Seen> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const seen = await send(url, { ...wish, headers: { ...(cookie && { cookie }), ...wish.headers } })
    for (const line of seen.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
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
