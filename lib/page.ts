import { createHash } from 'node:crypto'
import type { LoginUrl } from './login-url.ts'

/** The page a person meets when something went wrong: what happened, what to do, and what to tell whoever helps. */

const style = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6470;--paper:#fff;--ground:#f3f4f6;--accent:#0b57d0}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a5adb8;--paper:#1f2328;--ground:#14171a;--accent:#8ab4f8}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--ink);font:1.0625rem/1.55 system-ui,sans-serif}
main{width:100%;max-width:34rem;background:var(--paper);border-radius:.75rem;padding:clamp(1.5rem,5vw,2.5rem)}
h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1rem}
a.action{display:inline-block;margin:.5rem 0 1rem;padding:.7rem 1.2rem;border-radius:.5rem;background:var(--accent);color:var(--paper);text-decoration:none;font-weight:600}
a:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
footer{margin-top:1.5rem;font-size:.875rem;color:var(--soft);overflow-wrap:anywhere}`

/** Allows this one style and nothing else: no script, no image, no frame, no form, no base. */
export const pagePolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'`

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (mark) => entities[mark] ?? '')

type Page = Readonly<{ title: string; advice: string; code: string; id: string; again: LoginUrl | undefined }>

/** The whole page. Everything that is put in is escaped, whoever it comes from. */
export const page = ({ title, advice, code, id, again }: Page): string =>
  `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>${escaped(title)}</title><style>${style}</style></head>
<body><main>
<h1>${escaped(title)}</h1>
<p>${escaped(advice)}</p>
${again === undefined ? '' : `<p><a class="action" href="${escaped(again)}">Sign in again</a></p>`}
<footer>Code <code>${escaped(code)}</code> · Request <code>${escaped(id)}</code></footer>
</main></body>
</html>
`
