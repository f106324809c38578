import { type BrowserApis, imsg } from '../../client/imsg.ts'

type Reply =
  | { status: number; body: unknown; headers?: Record<string, string> }
  | 'no network'
  | 'silence'
  | 'half an answer'
/** The message listeners of the pages of one browser. */
export type Pages = Set<(news: never) => void>

export const good: Reply = { status: 200, body: { msg: 'ok' } }
export const loggedOut: Reply = { status: 200, body: { msg: 'You are logged out' } }
export const signedOut: Reply = {
  status: 401,
  body: { key: 'errors.auth.MissingToken', code: 'token_revoked', title: 'You have been signed out' },
}
export const down: Reply = { status: 503, body: { code: 'table_unavailable', title: 'Not right now' } }

/** Waits for all pending promises: nothing here waits for anything outside the process. */
export const settled = () => new Promise((done) => setImmediate(done))

/** A page in a simulated browser: a test sets the gateway's responses, the clock and the tab's visibility. */
export const open = (pages: Pages = new Set()) => {
  const asked: { url: string; init: RequestInit }[] = []
  const went: string[] = []
  const tab = Object.assign(new EventTarget(), { hidden: false })
  let timers: { at: number; run: () => void }[] = []
  let now = 0
  let reply: Reply = good

  const answer = async (signal?: AbortSignal | null): Promise<Response> => {
    if (reply === 'no network') throw new TypeError('fetch failed')
    if (reply === 'silence')
      return new Promise((_, fail) => signal?.addEventListener('abort', () => fail(signal.reason)))
    if (reply === 'half an answer') {
      const start = (body: ReadableStreamDefaultController) =>
        signal?.addEventListener('abort', () => body.error(signal.reason))
      return new Response(new ReadableStream({ start }))
    }
    const { body, ...init } = reply
    return Response.json(body, init)
  }
  const world: BrowserApis = {
    fetch: (url, init) => {
      asked.push({ url, init })
      return answer(init.signal)
    },
    later: (run, milliseconds) => {
      const timer = { at: now + milliseconds, run }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    random: () => 1,
    channel: (_, hear) => {
      pages.add(hear)
      return {
        postMessage: (news) => {
          // As the real one does.
          if (!pages.has(hear)) throw new DOMException('Channel is closed', 'InvalidStateError')
          for (const other of pages) if (other !== hear) other(news as never)
        },
        close: () => void pages.delete(hear),
      }
    },
    document: tab,
    location: { href: 'https://gw.example.test/edit?a=1#top', assign: (url) => void went.push(url) },
  }

  const gateway = imsg(world)
  const heard: string[] = []
  return {
    gateway,
    world,
    tab,
    asked,
    went,
    heard,
    answers: (next: Reply) => {
      reply = next
    },
    subscribe: () =>
      gateway.session.subscribe((session, why) => void heard.push(why ? `${session} ${why.code}` : session)),
    show: (hidden: boolean) => {
      tab.hidden = hidden
      tab.dispatchEvent(new Event('visibilitychange'))
      return settled()
    },
    /** Seconds until the next poll. Undefined without one. */
    pause: () => timers.map(({ at }) => (at - now) / 1000)[0],
    pass: async (seconds: number) => {
      now += seconds * 1000
      const due = timers.filter(({ at }) => at <= now)
      timers = timers.filter(({ at }) => at > now)
      for (const { run } of due) run()
      await settled()
    },
  }
}

/** A page with a subscriber, after its first response. */
export const listening = async (first: Reply, pages?: Pages) => {
  const page = open(pages)
  page.answers(first)
  page.subscribe()
  await settled()
  return page
}
