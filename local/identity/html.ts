import { createHash } from 'node:crypto'
import type { Reply } from './exchange.ts'

/** Text that is already HTML. Only `html` makes it, so nothing unescaped finds its way into a page. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign] ?? '')

const rendered = (value: string | Markup | readonly Markup[]): string => {
  if (typeof value === 'string') return escaped(value)
  return value instanceof Markup ? value.text : value.map(({ text }) => text).join('\n')
}

/** A template whose values are escaped, unless they are markup themselves. */
export const html = (
  parts: TemplateStringsArray,
  ...values: readonly (string | Markup | readonly Markup[])[]
): Markup => new Markup(parts.map((part, at) => part + rendered(values[at] ?? '')).join(''))

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 42rem; margin: 0 auto; padding: 1.5rem 1rem; overflow-wrap: anywhere }
.notice { border: 1px solid; border-radius: .4rem; padding: .4rem .8rem }
.people { list-style: none; padding: 0 }
.people a { display: block; border: 1px solid; border-radius: .4rem; margin: .5rem 0; padding: .7rem .9rem; color: inherit; text-decoration: none }
.people a:hover, .people a:focus-visible { outline: 2px solid; outline-offset: 2px }
.people strong { display: block }
`
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** A whole page: no script, nothing from elsewhere, and a line that says what it is not. */
export const page = (status: number, title: string, content: Markup): Reply => ({
  status,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy,
    'referrer-policy': 'no-referrer',
  },
  body: html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
<footer><p class="notice">This is a stand-in for development and tests. Nobody's identity is checked here.</p></footer>
</body>
</html>
`.text,
})
