import { Agent, type IncomingMessage, request } from 'node:http'

/** What came back: status, headers and text. */
type Reply = Readonly<{ status: number; location: string; cookies: readonly string[]; text: string }>

const agent = new Agent({ keepAlive: true })

/** One request as curl sends it, on a connection that stays. */
const ask = (
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options
    const took = async (answer: IncomingMessage) => {
      const pieces: Buffer[] = []
      for await (const piece of answer) pieces.push(piece)
      resolve({
        status: answer.statusCode ?? 0,
        location: answer.headers.location ?? '',
        cookies: answer.headers['set-cookie'] ?? [],
        text: Buffer.concat(pieces).toString(),
      })
    }
    const sent = request(url, { method, headers, agent, timeout: 10_000 }, (answer) =>
      took(answer).catch(reject),
    )
    sent
      .once('timeout', () => sent.destroy(new Error('no answer within 10 s')))
      .once('error', reject)
      .end(body)
  })

/** What did not go as it has to. */
export class Wrong extends Error {}

const expect = (what: string, { status, text }: Reply, wanted: number, pattern = /(?:)/): void => {
  if (status !== wanted || !pattern.test(text)) throw new Wrong(`${what}: ${status} ${text.slice(0, 80)}`)
}

/** A browser that somebody works in: it stays signed in, and says `Wrong` about every answer that it should not have got. */
export const person = (url: string, user: string, units: readonly string[]) => {
  const base = `${url}/imsg-service/v1`
  const jar = new Map<string, string>()
  const headers = (more: Record<string, string> = {}): Record<string, string> => ({
    ...(jar.size > 0 ? { cookie: [...jar].map((pair) => pair.join('=')).join('; ') } : {}),
    ...more,
  })
  const take = (reply: Reply): Reply => {
    for (const line of reply.cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return reply
  }
  let choices = 0
  let logins = 0

  const login = async (): Promise<void> => {
    // Each login is for a page of its own: to one page again and again within a minute would be stopped as a loop.
    const page = `/article/${logins++}`
    const started = take(
      await ask(`${base}/org/demo/login?callback=${encodeURIComponent(page)}`, { headers: headers() }),
    )
    expect('login', started, 302)
    const there = await ask(`${started.location}&subject=${user}`)
    expect('identity', there, 302)
    const back = take(await ask(there.location, { headers: headers() }))
    expect('callback', back, 302)
    if (back.location !== `${url}${page}` || !jar.has('imidToken')) throw new Wrong('callback: no session')
  }

  const poll = async (): Promise<void> =>
    expect('token-is-set', await ask(`${base}/token-is-set`, { headers: headers() }), 200, /"ok"/)

  const listUnits = async (): Promise<void> => {
    const reply = await ask(`${base}/units`, { headers: headers() })
    expect('units', reply, 200)
    const { units: held } = JSON.parse(reply.text) as { units: { name: string }[] }
    if (held.map(({ name }) => name).join() !== units.join()) throw new Wrong(`units: ${reply.text}`)
  }

  const chooseUnit = async (): Promise<void> => {
    const body = JSON.stringify({ unit: units[choices++ % units.length] })
    const sent = headers({ origin: url, 'content-type': 'application/json' })
    expect('unit', await ask(`${base}/unit`, { method: 'POST', headers: sent, body }), 200, /Unit set/)
  }

  const logout = async (): Promise<void> => {
    const before = headers()
    const reply = take(
      await ask(`${base}/logout`, {
        method: 'POST',
        headers: headers({ origin: url, 'content-length': '0' }),
      }),
    )
    expect('logout', reply, 200, /logged out/)
    expect('after logout', await ask(`${base}/token-is-set`, { headers: before }), 401, /MissingToken/)
    await login()
  }

  const health = async (): Promise<void> =>
    expect('health', await ask(`${base}/health`), 200, /^\{"inGrace":false,"stateChecksum":"[0-9a-f]{64}"\}$/)

  return { login, poll, listUnits, chooseUnit, logout, health }
}
