/** What the client uses of the browser. Each member can be replaced, for tracing and for tests. */
export type World = {
  fetch(url: string, init: RequestInit): Promise<Response>
  /** Calls `run` after this time, unless the returned function is called first. */
  later(run: () => void, milliseconds: number): () => void
  random(): number
  /** Connects the pages of this origin. `hear` gets their messages; `postMessage` sends to them. */
  channel(name: string, hear: (news: News) => void): { postMessage(news: News): void; close(): void }
  document: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & { readonly hidden: boolean }
  location: { readonly href: string; assign(url: string): void }
}

/** What is known about the session. Only an answer of the gateway makes it `signed-in` or `signed-out`. */
export type Session = 'unknown' | 'signed-in' | 'signed-out' | 'unavailable'

/** A message to the other pages of this origin. */
export type News = { session?: Session; unit?: string | null }

// Declared here, so that a program without the DOM's types can import this file.
declare const document: World['document']
declare const location: World['location']

/** The browser, with these members replaced. */
export const worldWith = ({
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
      // An old browser, or a page without storage: it polls without hearing from other pages.
      return { postMessage() {}, close() {} }
    }
  },
  document: page,
  location: place,
  ...given,
})
