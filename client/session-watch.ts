import type { BrowserApis, Session, TabMessage } from './browser.ts'
import { listenersTo } from './listeners.ts'
import type { ImsgError } from './request.ts'

/** Longest pause while the gateway is unavailable, in milliseconds. */
const longestPause = 60_000
/** Longest `Retry-After` that is respected, in milliseconds. */
const longestWait = 600_000

type Flight = { control: AbortController; answer: Promise<Session> }
type Listener = (session: Session, why?: ImsgError) => void

/** Keeps the state of the session current: polls while there are subscribers. */
export class SessionWatch {
  readonly #browser: BrowserApis
  /** Milliseconds between two polls of a visible page. */
  readonly #every: number
  /** Asks the gateway. Rejects with an `ImsgError`. */
  readonly #check: (control: AbortController) => Promise<unknown>
  /** Sends a message to the other pages of this origin. */
  readonly #announce: (message: TabMessage) => void
  readonly #told = listenersTo<[Session, ImsgError?]>()
  #state: Session = 'unknown'
  #why: ImsgError | undefined
  #failures = 0
  #closed = false
  /**
   * Another page has signed in, maybe as another person. Subscribers are called for the next `signed-in` too.
   */
  #renewed = false
  #cancel = () => {}
  #flight: Flight | undefined

  constructor(
    browser: BrowserApis,
    every: number,
    check: (control: AbortController) => Promise<unknown>,
    announce: (message: TabMessage) => void,
  ) {
    this.#browser = browser
    this.#every = every
    this.#check = check
    this.#announce = announce
    browser.document.addEventListener('visibilitychange', this.#seen)
  }

  #seen = () => {
    if (!this.#browser.document.hidden && this.#told.listeners.size) this.ask()
  }

  #pause(): number {
    const usual = this.#browser.document.hidden ? this.#every * 6 : this.#every
    // Half of it is random, so that pages that lost the gateway at the same time do not return at the same
    // time.
    const backOff =
      Math.min(this.#every * 2 ** this.#failures, longestPause) * (0.5 + this.#browser.random() / 2)
    const asked = Math.min((this.#why?.retryAfter ?? 0) * 1000, longestWait)
    return this.#failures ? Math.max(usual, backOff, asked) : usual
  }

  #become(next: Session, reason?: ImsgError): void {
    const changed = next !== this.#state
    const otherCause = next === 'unavailable' && reason?.code !== this.#why?.code
    this.#state = next
    this.#why = reason
    this.#failures = next === 'unavailable' ? this.#failures + 1 : 0
    // A signed-out page stops polling. It asks again after a login in another page, or when it becomes
    // visible.
    if (this.#told.listeners.size && next !== 'signed-out')
      this.#cancel = this.#browser.later(this.ask, this.#pause())
    if (changed || otherCause || this.#renewed) this.#told.all(next, reason)
    this.#renewed = false
    if (changed && next !== 'unavailable') this.#announce({ session: next })
  }

  async #poll(control: AbortController): Promise<Session> {
    const reason = await this.#check(control).then(
      () => undefined,
      (error: ImsgError) => error,
    )
    if (this.#flight?.control !== control) return this.#flight?.answer ?? this.#state
    this.#flight = undefined
    const signedOut = reason?.status === 401 && reason.code !== 'not_the_gateway'
    this.#become(reason ? (signedOut ? 'signed-out' : 'unavailable') : 'signed-in', reason)
    return this.#state
  }

  /** Asks now, or joins the request in progress. */
  ask = (): Promise<Session> => {
    if (!this.#flight) {
      this.#cancel()
      const control = new AbortController()
      this.#flight = { control, answer: this.#poll(control) }
    }
    return this.#flight.answer
  }

  /** Drops the request in progress: its answer may be from before the event. */
  #forget(): void {
    this.#cancel()
    this.#flight?.control.abort()
    this.#flight = undefined
  }

  /** Asks again, if a request is in progress or somebody listens. */
  askAgain(): void {
    const wanted = this.#flight ?? this.#told.listeners.size
    this.#forget()
    if (wanted) this.ask()
  }

  /** Another page sent a message, which may be older than a login in this page. It only causes a poll. */
  heard(news: Session): void {
    this.#renewed = news === 'signed-in'
    if (this.#renewed || news !== this.#state) this.askAgain()
  }

  /** This page has signed out. */
  ended(): void {
    this.#forget()
    this.#become('signed-out')
  }

  /** Calls the listener with the current state and each change, until the returned function is called. */
  subscribe = (listener: Listener): (() => void) => {
    if (this.#closed) return () => {}
    const { listeners, tell } = this.#told
    listeners.add(listener)
    tell(listener, this.#state, this.#why)
    if (listeners.size === 1) this.ask()
    return () => {
      if (listeners.delete(listener) && !listeners.size) this.#cancel()
    }
  }

  /** Ends all subscriptions and polling. */
  close(): void {
    this.#closed = true
    this.#told.close()
    this.#forget()
    this.#browser.document.removeEventListener('visibilitychange', this.#seen)
  }
}
