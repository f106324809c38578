import { type Seen, send } from '../../../test/support/visitor.ts'

/** A browser without a screen: cookies by host and path, and redirects followed by hand. */

export type Page = Seen & Readonly<{ url: string }>

export const agent = () => {
  /** A cookie is known by its name, path and domain, as RFC 6265 section 5.3 has it. */
  const jars = new Map<string, Map<string, { name: string; value: string; path: string }>>()

  const cookiesFor = ({ hostname, pathname }: URL): string =>
    [...(jars.get(hostname)?.values() ?? [])]
      .filter(({ path }) => pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')

  const keep = ({ hostname }: URL, lines: readonly string[]): void => {
    const jar = jars.get(hostname) ?? new Map()
    jars.set(hostname, jar)
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      const path = /path=([^;]*)/i.exec(line)?.[1] ?? '/'
      const slot = `${name};${path};${/domain=([^;]*)/i.exec(line)?.[1] ?? ''}`
      const gone = /max-age=0/i.test(line) || /expires=thu, 01 jan 1970/i.test(line)
      if (gone) jar.delete(slot)
      else jar.set(slot, { name, value, path })
    }
  }

  /** One request, as a navigation unless the headers say otherwise. */
  const ask = async (
    url: string,
    { form, headers = {} }: { form?: Record<string, string>; headers?: Record<string, string> } = {},
  ): Promise<Page> => {
    const at = new URL(url)
    const cookie = cookiesFor(at)
    const posted = form && { 'content-type': 'application/x-www-form-urlencoded', origin: at.origin }
    const seen = await send(url, {
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-site': 'same-origin',
        ...(cookie && { cookie }),
        ...posted,
        ...headers,
      },
      ...(form && { body: new URLSearchParams(form).toString() }),
    })
    keep(at, seen.headers['set-cookie'] ?? [])
    return { ...seen, url }
  }

  /** Follows redirects until there is a page, or an address that begins so. */
  const follow = async (page: Page, until?: string): Promise<Page> => {
    const { location } = page.headers
    if (location === undefined || page.status < 300 || page.status > 399) return page
    const next = new URL(location, page.url).href
    if (until !== undefined && next.startsWith(until)) return { ...page, url: next }
    return follow(await ask(next), until)
  }

  /** The value of a cookie of this host. */
  const cookie = (host: string, name: string): string =>
    [...(jars.get(host)?.values() ?? [])].find((kept) => kept.name === name)?.value ?? ''

  return { ask, follow, cookie }
}
