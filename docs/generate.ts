import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { deploymentSettings } from '../infra/settings.ts'
import { settingsExplained } from '../infra/settings-explained.ts'
import { type SettingName, settings } from '../lib/config.ts'
import { english } from '../lib/english.ts'
import { answers, type Code, catalogue, row } from '../lib/problem.ts'
import { answerOn, door, type Route, type RouteName, routes } from '../lib/routes.ts'
import { explained } from './explained.ts'
import { licences } from './licences.ts'

/** The parts of the documentation that tables of the code already say. `npm run docs` writes them; a test compares them. */

const line = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const rule = (columns: number): string => `|${'---|'.repeat(columns)}`

/** Every door of the route table. */
const doors = Object.entries<Route>(routes).flatMap(([name, route]) =>
  door(route) ? [{ name: name as RouteName, route }] : [],
)

/** The routes on which a code may come, by what they answer. `internal` is nobody's promise and everybody's possibility. */
const answeredBy = (code: Code): Map<string, RouteName[]> => {
  const giving = doors.filter(
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

const entry = (code: Code): string => {
  const { title } = english[code]
  const { means, remedy } = explained[code]
  const said = [...answeredBy(code)].map(([words, listed]) => `${words} from ${names(listed)}`)
  return [
    `### \`${code}\``,
    '',
    `"${title}". ${said.join('; ')}. Logged as \`${row(code).level}\`.`,
    '',
    `- **It means:** ${means}`,
    `- **To do:** ${remedy}`,
  ].join('\n')
}

const byAnswer = (): string =>
  Object.entries(answers)
    .map(([answer, { status, key }]) => {
      const codes = (Object.keys(catalogue) as Code[]).filter((code) => row(code).answer === answer)
      return line(String(status), `\`"${key}"\``, codes.map((code) => `[\`${code}\`](#${code})`).join(', '))
    })
    .join('\n')

/** `docs/errors.md`, whole. */
export const errorsText = (): string => `# Every error, and what to do about it

<!-- Made by \`npm run docs\` from lib/problem.ts, lib/english.ts, lib/routes.ts and docs/explained.ts. Edit those. -->

A failure has one stable **code**. The same code stands in the answer, in the log line and in the metric. Who asks decides in which form
the answer comes:

| the request | gets |
|---|---|
| accepts \`application/problem+json\` | a problem document (RFC 9457) with \`type\`, \`title\`, \`status\`, \`instance\` (the request id), \`key\`, \`code\`, and \`login\` where a new login can help |
| is a navigation: \`Sec-Fetch-Mode: navigate\`, or without that header an \`Accept\` that prefers \`text/html\` | a page for people, in English or Swedish, with the code and the request id at its foot |
| is anything else | the documented key as a JSON string |

So to learn the code of a refusal, ask again with \`Accept: application/problem+json\`. The statuses and the keys are few:

| status | key | codes |
|---|---|---|
${byAnswer()}

\`units\` and \`unit\` answer 403 \`"${answers.forbidden.key}"\` where other routes answer 401. \`health\` answers nothing but 200 and 500 with the two
documented members. What is no route at all is answered by API Gateway: 404 \`{"message":"Not Found"}\`.

## The codes

${(Object.keys(catalogue) as Code[]).map(entry).join('\n\n')}
`

const standardOf = ({ standard, required }: { standard?: string; required?: true }): string => {
  if (required) return '**required**'
  return standard ? `\`${standard}\`` : '–'
}

/** The settings, as the README shows them. */
export const settingsTable = (): string =>
  [
    line('setting', 'what it is', 'standard'),
    rule(3),
    ...Object.entries(settings).map(([name, setting]) =>
      line(
        `\`${name}\``,
        settingsExplained[name as SettingName],
        name === 'PUBLIC_URL' ? 'the address of the API' : standardOf(setting),
      ),
    ),
    ...Object.entries(deploymentSettings).map(([name, { what }]) => line(`\`${name}\``, what, '–')),
  ].join('\n')

/** The text with `content` between the two markers of this name, or nothing where it has none. */
export const between = (text: string, name: string, content: string): string | undefined => {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [text.indexOf(open), text.indexOf(close)]
  return from < 0 || to < from
    ? undefined
    : `${text.slice(0, from + open.length)}\n${content}\n${text.slice(to)}`
}

const root = new URL('../', import.meta.url)
const read = (name: string): string => {
  const file = new URL(name, root)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

const filled = (name: string, marker: string, content: string): string => {
  const text = between(read(name), marker, content)
  if (text === undefined) throw new TypeError(`${name} lacks the markers of "${marker}"`)
  return text
}

/** `docs/decisions/README.md`: the titles of all pages. */
const decisionsText = (): string => {
  const pages = readdirSync(new URL('docs/decisions/', root))
    .filter((name) => /^\d{4}-.*\.md$/.test(name))
    .sort()
  const titles = pages.map((name) => {
    const [, title = name] = /^# (.*)$/m.exec(read(`docs/decisions/${name}`)) ?? []
    return `- ${name.slice(0, 4)} [${title}](${name})`
  })
  return `# Decisions

<!-- Made by \`npm run docs\` from the pages beside it. -->

What would surprise a newcomer, and why it is so. A page says what the question was, what was decided, and what follows from it.

${titles.join('\n')}
`
}

/** Every document that is made, whole or in part, by its path from the root. */
export const made = (): Readonly<Record<string, string>> => ({
  'docs/errors.md': errorsText(),
  'docs/decisions/README.md': decisionsText(),
  'README.md': filled('README.md', 'settings', settingsTable()),
  'docs/supply-chain.md': filled('docs/supply-chain.md', 'licences', licences()),
})

if (import.meta.main)
  for (const [name, text] of Object.entries(made())) {
    const isNew = read(name) !== text
    if (isNew) writeFileSync(new URL(name, root), text)
    console.log(`${name}: ${isNew ? 'written' : 'unchanged'}`)
  }
