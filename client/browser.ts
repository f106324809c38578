/** The parts of the browser that the client uses. Each can be replaced, for tracing and for tests. */
export type BrowserApis = {
  fetch(url: string, init: RequestInit): Promise<Response>
  /** Calls `run` after this time, unless the returned function is called first. */
  later(run: () => void, milliseconds: number): () => void
  random(): number
  /** Connects the pages of this origin. `onMessage` gets their messages; `postMessage` sends to them. */
  channel(
    name: string,
    onMessage: (message: TabMessage) => void,
  ): { postMessage(message: TabMessage): void; close(): void }
  document: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & { readonly hidden: boolean }
  location: { readonly href: string; assign(url: string): void }
}

/** The state of the session. Only a response of the gateway makes it `signed-in` or `signed-out`. */
export type Session = 'unknown' | 'signed-in' | 'signed-out' | 'unavailable'

/** A message to the other pages of this origin. */
export type TabMessage = { session?: Session; unit?: string | null }

// Declared here, so that a program without the DOM's types can import this file.
declare const document: BrowserApis['document']
declare const location: BrowserApis['location']

/** The browser, with these members replaced. */
export const browserApis = ({
  document: page = document,
  location: place = location,
  ...given
}: Partial<BrowserApis>): BrowserApis => ({
  fetch: (url, init) => fetch(url, init),
  later: (run, milliseconds) => {
    const timer = setTimeout(run, milliseconds)
    return () => clearTimeout(timer)
  },
  random: Math.random,
  channel: (name, onMessage) => {
    try {
      const channel = new BroadcastChannel(name)
      channel.onmessage = ({ data }) => onMessage(Object(data))
      return channel
    } catch {
      // An old browser, or a page without storage. It polls without messages from other pages.
      return { postMessage() {}, close() {} }
    }
  },
  document: page,
  location: place,
  ...given,
})
