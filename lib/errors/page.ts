import { createHash } from 'node:crypto'
import type { LoginUrl } from '../redirect/login-url.ts'
import type { Words } from './en.ts'

/** The HTML page: the site, what happened, what to do, and what to tell support. */

/** Base styles, light and dark, shared with the page that explains all errors. */
export const baseStyle = `
:root{color-scheme:light dark;--ink:#18201f;--soft:#54605f;--line:#dde2e2;--card:#fff;--ground:#f1f4f3;--accent:#0f766e;--deep:#0b5a54;--on:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e7edec;--soft:#a3b1af;--line:#2b3736;--card:#182120;--ground:#0e1413;--accent:#5ccabd;--deep:#86ddd2;--on:#06231f}}
*{box-sizing:border-box}
body{margin:0;padding:1.25rem;background:var(--ground);color:var(--ink);font:1.0625rem/1.6 system-ui,sans-serif;overflow-wrap:break-word}
p,dd{margin:0;text-wrap:pretty}
dl{margin:0}
a:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
code{font:1em ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,monospace}`

/** Styles of a card in the middle of the page, with the icon and a name above its heading. */
export const cardStyle = `${baseStyle}
body{min-height:100vh;min-height:100svh;display:grid;grid-template-columns:minmax(0,1fr);align-items:center;padding:min(1.25rem,4vw)}
main{width:100%;max-width:35rem;margin:0 auto;padding:min(2.75rem,6vw);border:1px solid var(--line);border-radius:1rem;background:var(--card)}
header{display:flex;gap:.85rem;align-items:center;margin-bottom:1.75rem;font-size:.9375rem;line-height:1.35}
header p{min-width:0}
header b{display:block;font-weight:600}
header span{color:var(--soft);overflow-wrap:anywhere}
svg{flex:none;width:2.5rem;height:2.5rem;color:var(--accent)}
h1{margin:0 0 .75rem;font-size:clamp(1.4rem,5vw,1.75rem);line-height:1.2;letter-spacing:-.01em;text-wrap:balance}
footer{margin-top:2rem;padding-top:1.1rem;border-top:1px solid var(--line);font-size:.8125rem;line-height:1.5;color:var(--soft)}`

const style = `${cardStyle}
.action{display:inline-block;margin-top:1.5rem;padding:.7rem 1.4rem;border:1px solid transparent;border-radius:.6rem;background:var(--accent);color:var(--on);font-weight:600;text-decoration:none}
.action:hover{background:var(--deep)}
footer a{color:inherit;text-underline-offset:.2em}
div{display:flex;flex-wrap:wrap;margin-top:.3rem}
dt{min-width:4.5rem}
dd{overflow-wrap:anywhere}
@media (max-width:30rem){div{flex-direction:column}}
@media print{body{min-height:0}.action{display:none}}`

/** Content-Security-Policy of a page. Allows only the inline style. */
export const pagePolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'`

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Escapes text for an element or a quoted attribute. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (mark) => entities[mark] ?? '')

/** The icon: a gate with a keyhole. Hidden from screen readers. */
export const icon =
  '<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="currentColor"/><g fill="none" stroke="var(--card)" stroke-width="3" stroke-linecap="round"><path d="M9 25V14a7 7 0 0 1 14 0v11"/><path d="M16 19v0"/></g></svg>'

/** The deployment that a page belongs to. */
export type Site = Readonly<{
  publicUrl: string
  siteName?: string | undefined
  /** URL of the page that explains all codes, with an anchor for each. */
  errorsUrl?: string | undefined
}>

/** The content of a page. */
export type PageContent = Readonly<{
  title: string
  advice: string
  /** For a failure: what to tell support. */
  failure?: Readonly<{ code: string; id: string }> | undefined
  /** The login to start again: to sign in, or to retry after a failure of the gateway. */
  again?: Readonly<{ to: LoginUrl; why: 'signIn' | 'retry' }> | undefined
}>

/** The language of `docs/errors.html`. Only pages in this language link there. */
const explainedIn = 'en'

const headOf = (site: Site | undefined): string => {
  if (site === undefined) return icon
  const name = site.siteName === undefined ? '' : `<b>${escaped(site.siteName)}</b>`
  const host = escaped(new URL(site.publicUrl).host)
  return `<header>${icon}<p translate="no">${name}<span>${host}</span></p></header>`
}

const footOf = (
  { labels, language }: Pick<Words, 'language' | 'labels'>,
  { code, id }: { code: string; id: string },
  errorsUrl: string | undefined,
): string => {
  const name = `<code>${escaped(code)}</code>`
  const explained =
    errorsUrl === undefined || language !== explainedIn
      ? name
      : `<a href="${escaped(`${errorsUrl}#${code}`)}" rel="noreferrer">${name}</a>`
  return `<footer>
<p>${labels.help}</p>
<dl translate="no">
<div><dt>${labels.code}</dt><dd>${explained}</dd></div>
<div><dt>${labels.request}</dt><dd><code>${escaped(id)}</code></dd></div>
</dl>
</footer>
`
}

/** Renders a page and escapes every inserted text. `site`: undefined when the settings could not be read. */
export const page = (
  words: Pick<Words, 'language' | 'labels'>,
  content: PageContent,
  site: Site | undefined,
): string => {
  const { title, advice, failure, again } = content
  const whose = site && (site.siteName ?? new URL(site.publicUrl).host)
  const action =
    again === undefined
      ? ''
      : `<a class="action" href="${escaped(again.to)}">${words.labels[again.why]}</a>\n`
  const foot = failure === undefined ? '' : footOf(words, failure, site?.errorsUrl)
  return `<!doctype html>
<html lang="${words.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${escaped(whose === undefined ? title : `${title} · ${whose}`)}</title>
<style>${style}</style>
</head>
<body>
<main>
${headOf(site)}
<h1>${escaped(title)}</h1>
<p>${escaped(advice)}</p>
${action}${foot}</main>
</body>
</html>
`
}
