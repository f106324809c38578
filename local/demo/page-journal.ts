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

const inShort = (body: string): string => {
  try {
    const { code, title } = Object(JSON.parse(body))
    return typeof code === 'string' ? `${code}: ${title}` : body.slice(0, 300)
  } catch {
    return body.slice(0, 300)
  }
}

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const grade = (status: number): string =>
  status === 200 ? 'ok' : status === 401 || status === 403 ? 'refused' : 'failed'

/** Adds a call at the top of a table, which keeps the last twelve. */
export const showCall = (table: Element, { at, method, path, status, took, body }: Call) => {
  const cells = [
    element('td', '', clock.format(at)),
    element('td', grade(status), status ? String(status) : 'none'),
    element('td', '', `${took} ms`),
    element('td', '', element('b', '', `${method} ${path}`), ` ${inShort(body)}`),
  ]
  table.prepend(element('tr', '', ...cells))
  if (table.childElementCount > 12) table.lastElementChild?.remove()
}
