import { createHash } from 'node:crypto'
import { en } from '../lib/errors/en.ts'
import { baseStyle, escaped } from '../lib/errors/page.ts'
import { answers, type Code, catalogue, row } from '../lib/problem.ts'
import { answerOn, type Route, type RouteName, routes } from '../lib/routes.ts'
import { explained } from './explained.ts'

/** Every error code with its answers and explanation, as one page to publish. */

const codes = Object.keys(catalogue) as Code[]

/** Every endpoint of the route table. */
const endpoints = Object.entries<Route>(routes).flatMap(([name, route]) =>
  'every' in route ? [] : [{ name: name as RouteName, route }],
)

/**
 * The routes that may fail with a code, by their answer. `internal` is in no row: every route may fail with
 * it.
 */
const answeredBy = (code: Code): Map<string, RouteName[]> => {
  const giving = endpoints.filter(
    ({ route }) => code === 'internal' || route.problems.some((listed) => listed === code),
  )
  const said = new Map<string, RouteName[]>()
  for (const { name, route } of giving) {
    const { status, key } = answers[answerOn(route, code)]
    const words = `${status} \`"${key}"\``
    said.set(words, [...(said.get(words) ?? []), name])
  }
  return said
}

const names = (listed: readonly RouteName[]): string => listed.map((name) => `\`${name}\``).join(', ')

/** Title, answers and level of a code, in one paragraph of Markdown. */
const summaryOf = (code: Code): string => {
  const said = [...answeredBy(code)].map(([words, listed]) => `${words} from ${names(listed)}`)
  return `"${en.failures[code].title}". ${said.join('; ')}. Logged as \`${row(code).level}\`.`
}

const style = `${baseStyle}
main{max-width:46rem;margin:0 auto}
h1{line-height:1.2;text-wrap:balance}
h2{margin:0 0 .5rem;font-size:1.125rem}
a{color:var(--accent);text-underline-offset:.3em}
li{margin-bottom:.4rem}
section{margin-top:1rem;padding:1.25rem 1.5rem;border:1px solid var(--line);border-radius:.75rem;background:var(--card);scroll-margin-top:1rem}
section:target{border-color:var(--accent);outline:2px solid var(--accent)}
dt{margin-top:.75rem;font-weight:600}
code{overflow-wrap:anywhere}`

const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`

/**
 * Renders the Markdown that the explanations use. Drops links, as other documents are not published with it.
 */
const asHtml = (markdown: string): string =>
  escaped(markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')).replace(/`([^`]*)`/g, '<code>$1</code>')

const listed = (answer: string, { status, key }: { status: number; key: string }): string => {
  const own = codes.filter((code) => row(code).answer === answer)
  const links = own.map((code) => `<a href="#${code}"><code>${code}</code></a>`)
  return `<li>${status} ${asHtml(`\`"${key}"\``)}: ${links.join(', ')}</li>`
}

const section = (code: Code): string => {
  const { means, remedy } = explained[code]
  return `<section id="${code}">
<h2><code>${code}</code></h2>
<p>${asHtml(summaryOf(code))}</p>
<dl>
<dt>Meaning</dt><dd>${asHtml(means)}</dd>
<dt>Remedy</dt><dd>${asHtml(remedy)}</dd>
</dl>
</section>`
}

/**
 * `docs/errors.html`, with every code as an anchor, for `ERRORS_URL`. No script and no third-party content.
 */
export const errorsPage = (): string => `<!doctype html>
<!-- Made by \`npm run docs\` from lib/problem.ts, lib/errors/en.ts, lib/routes.ts and docs/explained.ts. Edit those. -->
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Error codes and remedies</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Error codes and remedies</h1>
<p>Each failure has a stable code. It is on the error page, in the problem document and in the log line.</p>
<ul>
${Object.entries(answers)
  .map(([answer, said]) => listed(answer, said))
  .join('\n')}
</ul>
${codes.map(section).join('\n')}
</main>
</body>
</html>
`
