import { request } from 'node:http'

/** Somebody at the gateway, with the cookies that it gave them. Node's own `fetch` is no navigation and would start no login. */

type Asked = Readonly<{ method?: 'GET' | 'POST'; headers?: Record<string, string>; body?: string }>
type Answered = Readonly<{ status: number; location: string; cookies: readonly string[]; body: string }>

const ask = (url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, async (answer) => {
      let text = ''
      for await (const piece of answer.setEncoding('utf8')) text += piece
      const { location = '', 'set-cookie': cookies = [] } = answer.headers
      resolve({ status: answer.statusCode ?? 0, location, cookies, body: text })
    })
    sent.once('error', reject).end(body)
  })

export const person = (gateway: string) => {
  const cookies = new Map<string, string>()
  const base = `${gateway}/imsg-service/v1`

  const visit = async (url: string, asked: Asked = {}): Promise<Answered> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...asked.headers, ...(cookie && { cookie }) }
    const answer = await ask(url, { ...asked, headers })
    for (const line of answer.cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return answer
  }
  const fromOurPage = { origin: gateway, 'content-type': 'application/json' }

  return {
    cookies,
    /** From the login to the return URL, with the first page of the identity stand-in answered for this subject. */
    signIn: async (subject: string): Promise<string> => {
      const asked = await visit(`${base}/org/demo/login?callback=/article`)
      // Behind a front API Gateway sees another host than PUBLIC_URL, so the login is sent there once.
      const started = asked.location.startsWith(base) ? await visit(asked.location) : asked
      const there = await ask(`${started.location}&subject=${subject}`)
      return (await visit(there.location)).location
    },
    poll: async () => (await visit(`${base}/token-is-set`)).status,
    choose: async (unit: string) =>
      (await visit(`${base}/unit`, { method: 'POST', headers: fromOurPage, body: JSON.stringify({ unit }) }))
        .status,
    preferred: async (): Promise<unknown> => JSON.parse((await visit(`${base}/units`)).body).preferred,
    signOut: async () => (await visit(`${base}/logout`, { method: 'POST', headers: fromOurPage })).status,
    health: async () => {
      const headers = { accept: 'application/health+json' }
      const { status, body } = await ask(`${base}/health`, { headers })
      return { status, gracePeriod: JSON.parse(body).gracePeriod as unknown }
    },
  }
}
