/// <reference lib="dom" />

/** A request of this page and its result. Status 0: no answer. */
export type Call = { at: Date; method: string; path: string; status: number; took: number; body: string }

/** `fetch` that records each response and passes it on unread. */
export const recordingFetch =
  (note: (call: Call) => void) =>
  async (url: string, init: RequestInit = {}): Promise<Response> => {
    const call = { at: new Date(), method: init.method ?? 'GET', path: new URL(url, location.href).pathname }
    const begun = performance.now()
    const took = () => Math.round(performance.now() - begun)
    try {
      const response = await fetch(url, init)
      note({ ...call, status: response.status, took: took(), body: await response.clone().text() })
      return response
    } catch (error) {
      note({ ...call, status: 0, took: took(), body: error instanceof Error ? error.message : String(error) })
      throw error
    }
  }

/** An element with text, never markup, because the text came over the network. */
export const element = <Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  ...content: (string | Node)[]
): HTMLElementTagNameMap[Name] => {
  const made = document.createElement(name)
  made.className = className
  made.append(...content)
  return made
}

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

const inShort = (body: string): string => {
  const { code, title } = Object(parsed(body)) as { code?: unknown; title?: unknown }
  return (typeof code === 'string' ? `${code}: ${title}` : body).slice(0, 200)
}

const inFull = (body: string): string => {
  const value = parsed(body)
  return (typeof value === 'string' ? body : JSON.stringify(value, null, 2)).slice(0, 2_000)
}

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const grade = (status: number): string =>
  status === 200 ? 'ok' : status in { 401: 0, 403: 0 } ? 'refused' : 'failed'
const verdict = (status: number): string => (status ? String(status) : 'none')

const keep = (list: Element, newest: Element, most: number) => {
  list.prepend(newest)
  while (list.childElementCount > most) list.lastElementChild?.remove()
}

/** Adds a poll at the top of the table. */
export const showPoll = (table: Element, { at, status, took, body }: Call) => {
  const cells = [
    element('td', '', clock.format(at)),
    element('td', grade(status), verdict(status)),
    element('td', '', `${took} ms`),
    element('td', '', inShort(body)),
  ]
  keep(table, element('tr', '', ...cells), 12)
}

/** Adds a call at the top of the list, with its response in short and, when opened, in full. */
export const showCall = (list: Element, { at, method, path, status, took, body }: Call) => {
  const line = [
    element('span', '', clock.format(at)),
    element('strong', '', `${method} ${path}`),
    element('span', grade(status), verdict(status)),
    element('span', '', `${took} ms`),
  ]
  const summary = element(
    'summary',
    '',
    element('span', 'call', ...line),
    element('code', 'short', inShort(body)),
  )
  keep(list, element('li', '', element('details', '', summary, element('pre', '', inFull(body)))), 8)
}
