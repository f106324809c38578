import { createHash } from 'node:crypto'
import { cardStyle, escaped, icon } from '../../lib/errors/page.ts'
import type { Reply } from './exchange.ts'

/** Text that is already HTML. Created by `html`, so that no unescaped text gets into a page. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const rendered = (value: string | Markup | readonly Markup[]): string => {
  if (typeof value === 'string') return escaped(value)
  return value instanceof Markup ? value.text : value.map(({ text }) => text).join('\n')
}

/** A template tag that escapes all values except markup. */
export const html = (
  parts: TemplateStringsArray,
  ...values: readonly (string | Markup | readonly Markup[])[]
): Markup => new Markup(parts.map((part, at) => part + rendered(values[at] ?? '')).join(''))

/** The styles of the gateway's own pages, and of a list of people to choose from. */
const style = `${cardStyle}
:root { --edge: #7b8686 }
@media (prefers-color-scheme: dark) { :root { --edge: #7c8b89 } }
h2 { margin: 1.75rem 0 .5rem; font-size: 1.125rem }
ul { margin: 0; padding-left: 1.2rem }
code { font-size: .875em }
dt code { white-space: pre-wrap; overflow-wrap: anywhere }
dt { margin-top: .8rem }
dd { color: var(--soft); font-size: .95rem }
.people { display: grid; gap: .6rem; margin-top: 1.5rem; padding: 0; list-style: none }
.people a { display: block; padding: .8rem 1.1rem; border: 1px solid var(--edge); border-radius: .6rem; color: inherit; text-decoration: none }
.people a:hover { border-color: var(--accent); color: var(--accent) }
.people strong { display: block }
.people span { color: var(--soft); font-size: .95rem }
`
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** A page without scripts and third-party content, with a notice that this is a stand-in. */
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
<meta name="color-scheme" content="light dark">
<title>${title} · Identity stand-in</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
<header>${new Markup(icon)}<p><b>Identity stand-in</b><span>for development and tests</span></p></header>
<h1>${title}</h1>
${content}
<footer><p>No identities are checked here.</p></footer>
</main>
</body>
</html>
`.text,
})
