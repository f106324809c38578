/**
 * The browser's side of the gateway, in one file and without dependencies. Use and states: README.md beside
 * it.
 */

/** What is known of the session. Only an answer of the gateway makes it `signed-in` or `signed-out`. */
export type Session = 'unknown' | 'signed-in' | 'signed-out' | 'unavailable'

/** A unit that this person belongs to. */
export type Unit = { name: string; displayName: string; preferred: boolean }

/** All units of this person, and the name of the one to start in. */
export type Units = { units: Unit[]; preferred: string | null }

/** A refusal or failure: `code` is stable and made for programs, `message` is a title made for people. */
export class ImsgError extends Error {
  /** The HTTP status, or 0 when there was no answer at all. */
  readonly status: number
  readonly code: string
  /** After how many seconds to ask again, where the answer said so. */
  readonly retryAfter: number | undefined

  constructor(status: number, code: string, message = code, cause?: unknown, retryAfter?: number) {
    super(message, { cause })
    this.name = 'ImsgError'
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }
}

type Subscribe<News extends unknown[]> = { subscribe(listener: (...news: News) => void): () => void }

/** The gateway, seen from a page. What it refuses, or does not answer, rejects with an `ImsgError`. */
export type Gateway = {
  /** Asks now, or joins the request under way. The gateway is polled for as long as somebody subscribes. */
  session: (() => Promise<Session>) & Subscribe<[session: Session, why?: ImsgError]>
  /** Subscribers hear of each choice, made here or in another tab. */
  units: (() => Promise<Units>) & Subscribe<[preferred: string | null]>
  setUnit(name: string | null): Promise<void>
  /** Leaves this page for the login; the browser comes back to `callback`, or else to this page. */
  login(organisation: string, callback?: string): void
  /**
   * Resolves to where the person can sign out at the identity service too, if the gateway says; with
   * `callback` it goes there.
   */
  logout(callback?: string): Promise<string | undefined>
  close(): void
}

/** What the client takes from the browser; each member can be given instead, for tracing and for tests. */
export type World = {
  fetch(url: string, init: RequestInit): Promise<Response>
  /** Runs once after so many milliseconds, unless what it returns is called before. */
  later(run: () => void, milliseconds: number): () => void
  random(): number
  /** News of the other pages of this origin goes to `hear`; `postMessage` tells them ours. */
  channel(name: string, hear: (news: News) => void): { postMessage(news: News): void; close(): void }
  document: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & { readonly hidden: boolean }
  location: { readonly href: string; assign(url: string): void }
}

type News = { session?: Session; unit?: string | null }

// Declared here, so that a program without the DOM's types can import this file too.
declare const document: World['document']
declare const location: World['location']

const worldWith = ({
  document: page = document,
  location: place = location,
  ...given
}: Partial<World>): World => ({
  fetch: (url, init) => fetch(url, init),
  later: (run, milliseconds) => {
    const timer = setTimeout(run, milliseconds)
    return () => clearTimeout(timer)
  },
  random: Math.random,
  channel: (name, hear) => {
    try {
      const channel = new BroadcastChannel(name)
      channel.onmessage = ({ data }) => hear(Object(data))
      return channel
    } catch {
      // Too old a browser, or a page without a storage of its own: it is alone, and polls all the same.
      return { postMessage() {}, close() {} }
    }
  },
  document: page,
  location: place,
  ...given,
})

const patience = 15_000
const longestPause = 60_000
/** However long an answer asks to wait. */
const longestWait = 600_000
/** The documented key of the gateway's own 401. */
const signedOutKey = 'errors.auth.MissingToken'
/** Stands for the body of a redirection, which a script may not read. */
const elsewhere = 'elsewhere'

/**
 * Who wants to hear of something. A listener is told in a microtask of its own: if it throws, nothing else
 * stops.
 */
const audience = <Told extends unknown[]>() => {
  const listeners = new Set<(...news: Told) => void>()
  const tell = (listener: (...news: Told) => void, ...news: Told) =>
    queueMicrotask(() => listeners.has(listener) && listener(...news))
  return {
    listeners,
    tell,
    all: (...news: Told) => listeners.forEach((listener) => void tell(listener, ...news)),
    subscribe: (listener: (...news: Told) => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: () => listeners.clear(),
  }
}

/** `Retry-After` (RFC 9110 section 10.2.3) in seconds; in its other form, a date, it is left aside. */
const retryAfterOf = ({ headers }: Response): number | undefined =>
  Number(/^\d+$/.exec(headers.get('retry-after') ?? '')) || undefined

const noAnswer = (cause: unknown): never => {
  throw new ImsgError(0, 'no_answer', 'The gateway did not answer', cause)
}

/** One request, and its answer or an `ImsgError`. `control` can end it; time does in any case. */
const caller =
  (world: World, base: string) =>
  async <T>(
    method: 'GET' | 'POST',
    path: string,
    more: RequestInit = {},
    control = new AbortController(),
  ): Promise<T> => {
    const { signal } = control
    const headers = { accept: 'application/problem+json', ...more.headers }
    const init: RequestInit = { method, credentials: 'include', cache: 'no-store', signal, ...more, headers }
    const stop = world.later(() => control.abort(), patience)
    const answered = async () => {
      const response = await world.fetch(base + path, init)
      const body: unknown = await response.json().catch((cause: unknown) => signal.aborted && noAnswer(cause))
      return { response, body }
    }
    const { response, body } = await answered().catch(noAnswer).finally(stop)
    if (response.type === 'opaqueredirect') return { msg: elsewhere } as T
    const { status, ok } = response
    const { msg, key = body, code, title } = Object(body) as Record<string, unknown>
    if (ok && typeof msg === 'string') return body as T
    // Without `msg` or the key it is somebody else's: a captive portal, a proxy, or a page of the service
    // behind it.
    const foreign = ok || (status === 401 && key !== signedOutKey)
    const named = [code, body].find((each) => typeof each === 'string') ?? `http_${status}`
    const reason = foreign ? 'not_the_gateway' : named
    const wait = retryAfterOf(response)
    const busy = `Too many requests${wait ? `, ask again in ${wait} s` : ''}`
    const words = typeof title === 'string' ? title : status === 429 ? busy : reason
    throw new ImsgError(status, reason, words, undefined, wait)
  }

/** Keeps `state` true: asks when asked, and again and again while somebody listens. */
const watch = (
  world: World,
  every: number,
  check: (control: AbortController) => Promise<unknown>,
  announce: (news: News) => void,
) => {
  const { listeners, tell, all } = audience<[Session, ImsgError?]>()
  let state: Session = 'unknown'
  let why: ImsgError | undefined
  let failures = 0
  let closed = false
  /**
   * Another page has signed in: that may be somebody else, so the next answer is told though it is the same.
   */
  let renewed = false
  let cancel = () => {}
  let flight: { control: AbortController; answer: Promise<Session> } | undefined

  const pause = (): number => {
    const usual = world.document.hidden ? every * 6 : every
    // Half of it by chance: pages that lost the gateway together shall not come back together.
    const backOff = Math.min(every * 2 ** failures, longestPause) * (0.5 + world.random() / 2)
    const asked = Math.min((why?.retryAfter ?? 0) * 1000, longestWait)
    return failures ? Math.max(usual, backOff, asked) : usual
  }

  const become = (next: Session, reason?: ImsgError) => {
    const changed = next !== state
    const otherCause = next === 'unavailable' && reason?.code !== why?.code
    state = next
    why = reason
    failures = state === 'unavailable' ? failures + 1 : 0
    // A signed-out page has nothing to wait for but a login: another page announces it, or this one is looked
    // at after it.
    if (listeners.size && state !== 'signed-out') cancel = world.later(ask, pause())
    if (changed || otherCause || renewed) all(state, why)
    renewed = false
    if (changed && state !== 'unavailable') announce({ session: state })
  }

  const poll = async (control: AbortController): Promise<Session> => {
    const reason = await check(control).then(
      () => undefined,
      (error: ImsgError) => error,
    )
    if (flight?.control !== control) return flight?.answer ?? state
    flight = undefined
    const signedOut = reason?.status === 401 && reason.code !== 'not_the_gateway'
    become(reason ? (signedOut ? 'signed-out' : 'unavailable') : 'signed-in', reason)
    return state
  }

  /** Single flight: whoever asks while a request is under way gets its answer. */
  const ask = (): Promise<Session> => {
    if (flight) return flight.answer
    cancel()
    const control = new AbortController()
    flight = { control, answer: poll(control) }
    return flight.answer
  }

  /** What was asked before something happened may be answered as if it had not. */
  const forget = () => {
    cancel()
    flight?.control.abort()
    flight = undefined
  }

  const askAgain = () => {
    const wanted = flight ?? listeners.size
    forget()
    if (wanted) ask()
  }

  const seen = () => {
    if (!world.document.hidden && listeners.size) ask()
  }
  world.document.addEventListener('visibilitychange', seen)

  return {
    ask,
    askAgain,
    heard: (news: Session) => {
      // News of another page is a reason to ask and never an answer: it may be older than a login made here.
      renewed = news === 'signed-in'
      if (renewed || news !== state) askAgain()
    },
    ended: () => {
      forget()
      become('signed-out')
    },
    subscribe: (listener: (session: Session, why?: ImsgError) => void) => {
      if (closed) return () => {}
      listeners.add(listener)
      tell(listener, state, why)
      if (listeners.size === 1) ask()
      return () => {
        if (listeners.delete(listener) && !listeners.size) cancel()
      }
    },
    close: () => {
      closed = true
      listeners.clear()
      forget()
      world.document.removeEventListener('visibilitychange', seen)
    },
  }
}

/** Opens the gateway at `base`; a visible page asks it for the session each `every` milliseconds. */
export const imsg = (options: Partial<World> & { base?: string; every?: number } = {}): Gateway => {
  const { base = '/imsg-service/v1', every = 5_000 } = options
  const world = worldWith(options)
  const call = caller(world, base)
  const choices = audience<[string | null]>()
  let closed = false
  const announce = (news: News) => closed || channel.postMessage(news)
  const watched = watch(world, every, (control) => call('GET', '/token-is-set', {}, control), announce)
  const channel = world.channel(`imsg ${base}`, ({ session, unit }) => {
    if (session) watched.heard(session)
    if (unit !== undefined) choices.all(unit)
  })

  /** On the gateway's own origin a path will do, and a path needs no place on any list. */
  const wayBack = (callback: string): string => {
    const { href, origin } = new URL(callback, world.location.href)
    const own = new URL(base, world.location.href).origin === origin
    return encodeURIComponent(own ? href.slice(origin.length) : href)
  }

  return {
    session: Object.assign(watched.ask, { subscribe: watched.subscribe }),
    units: Object.assign(() => call<Units>('GET', '/units'), { subscribe: choices.subscribe }),
    setUnit: async (unit) => {
      const headers = { 'content-type': 'application/json' }
      await call('POST', '/unit', { body: JSON.stringify({ unit }), headers })
      choices.all(unit)
      announce({ unit })
    },
    login: (organisation, callback = world.location.href) => {
      const path = `/org/${encodeURIComponent(organisation)}/login?callback=${wayBack(callback)}`
      world.location.assign(base + path)
    },
    logout: async (callback) => {
      const query = callback === undefined ? '' : `?callback=${wayBack(callback)}`
      // Not followed here: only a navigation may go to another origin. It starts once the gateway has agreed
      // to it.
      type Ended = { msg: string; logoutUrl?: string }
      const { msg, logoutUrl } = await call<Ended>('POST', `/logout${query}`, { redirect: 'manual' }).catch(
        (error: ImsgError) => {
          watched.askAgain()
          throw error
        },
      )
      watched.ended()
      const next = logoutUrl ?? (msg === elsewhere ? callback : undefined)
      if (callback !== undefined && next !== undefined) world.location.assign(next)
      return logoutUrl
    },
    close: () => {
      closed = true
      watched.close()
      choices.close()
      channel.close()
    },
  }
}
