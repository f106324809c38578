import { createHash } from 'node:crypto'
import { escaped } from '../../lib/errors/page.ts'
import type { Reply } from './exchange.ts'

/** Text that is already HTML. Only `html` makes it, so nothing unescaped finds its way into a page. */
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

/** A template whose values are escaped, unless they are markup themselves. */
export const html = (
  parts: TemplateStringsArray,
  ...values: readonly (string | Markup | readonly Markup[])[]
): Markup => new Markup(parts.map((part, at) => part + rendered(values[at] ?? '')).join(''))

const style = `
:root { color-scheme: light dark; --ink: #1d1b26; --soft: #5d586b; --line: #dfdbe8; --edge: #857f95; --card: #fff; --ground: #f4f2f8; --accent: #5b3fa8 }
@media (prefers-color-scheme: dark) { :root { --ink: #ece9f4; --soft: #aca5bd; --line: #353044; --edge: #8a829c; --card: #1e1b29; --ground: #13111a; --accent: #b9a3f5 } }
* { box-sizing: border-box }
body { max-width: 38rem; margin: 0 auto; padding: clamp(1.25rem, 6vw, 4rem) 1.25rem; background: var(--ground); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere }
main { padding: clamp(1.25rem, 5vw, 2.25rem); border: 1px solid var(--line); border-radius: 1rem; background: var(--card) }
h1 { margin: 0 0 .5rem; font-size: clamp(1.5rem, 5vw, 1.9rem); line-height: 1.2; letter-spacing: -.01em }
h2 { margin: 1.75rem 0 .5rem; font-size: 1.15rem }
p { margin: 0 }
ul { padding-left: 1.2rem }
code { font: .875em ui-monospace, "SF Mono", Menlo, Consolas, monospace }
dt code { white-space: pre-wrap; overflow-wrap: break-word }
dt { margin-top: .8rem }
dd { margin: 0; color: var(--soft); font-size: .95rem }
footer { margin-top: 1.25rem; color: var(--soft); font-size: .875rem; text-align: center }
.people { display: grid; gap: .6rem; margin: 1.5rem 0 0; padding: 0; list-style: none }
.people a { display: block; padding: .8rem 1.1rem; border: 1px solid var(--edge); border-radius: .7rem; color: inherit; text-decoration: none }
.people a:hover { border-color: var(--accent); color: var(--accent) }
.people a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
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
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
<footer><p>This is a stand-in for development and tests. Nobody's identity is checked here.</p></footer>
</body>
</html>
`.text,
})
