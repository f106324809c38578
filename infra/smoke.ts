import { request as plain } from 'node:http'
import { request as secure } from 'node:https'
import { parseArgs } from 'node:util'
import { type Check, checks, type Options, type Sent } from './smoke-checks.ts'
import type { Reply } from './smoke-rules.ts'
import { coloured } from './terminal.ts'

/**
 * `npm run smoke -- <url>`: checks from outside, without credentials, whether a deployment answers as
 * documented.
 */

/** The result of one check. */
type Finding = Readonly<{ what: string; status: number; problems: readonly string[] }>

/** Timeout of a request, in milliseconds: enough for a cold start with retries. */
const timeout = 15_000

/** Sends exactly these headers. `fetch` would add `Sec-Fetch-Mode: cors`, which cannot start a login. */
const send = (origin: string, { method = 'GET', path, headers = {}, body }: Sent): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const url = new URL(path, origin)
    const options = { method, headers, signal: AbortSignal.timeout(timeout) }
    const sent = (url.protocol === 'https:' ? secure : plain)(url, options, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      answer.once('error', reject).once('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          overTls: url.protocol === 'https:',
          header: (name) => answer.headersDistinct[name]?.join(', '),
          cookies: answer.headersDistinct['set-cookie'] ?? [],
          body: text,
        }),
      )
    })
    sent.once('error', reject).end(body)
  })

/** The request after a redirect to PUBLIC_URL, which a login at another host gets once. */
const askedAgain = (origin: string, { status, header }: Reply): Sent | undefined => {
  const location = header('location') ?? ''
  const marked = location.startsWith(`${origin}/`) && /[?&]redirected=1(&|$)/.test(location)
  return status === 302 && marked ? { path: location.slice(origin.length) } : undefined
}

/** The response to check, or why there is none. */
const replyTo = async (origin: string, sent: Sent): Promise<Reply | string> => {
  try {
    const reply = await send(origin, sent)
    const again = askedAgain(origin, reply)
    return again ? await send(origin, { ...sent, ...again }) : reply
  } catch (error) {
    return `no answer: ${error instanceof Error ? error.message : error}`
  }
}

const findingOf = async (origin: string, { what, sent, problems }: Check): Promise<Finding> => {
  const reply = await replyTo(origin, sent)
  return typeof reply === 'string'
    ? { what, status: 0, problems: [reply] }
    : { what, status: reply.status, problems: problems(reply) }
}

/** Runs every check in turn. `tell` is called with each result. */
export const smoke = async (
  origin: string,
  options: Options = {},
  tell: (finding: Finding) => void = () => {},
): Promise<readonly Finding[]> => {
  const findings: Finding[] = []
  for (const check of checks(origin, options)) {
    const finding = await findingOf(origin, check)
    findings.push(finding)
    tell(finding)
  }
  return findings
}

const usage = 'npm run smoke -- <url of the gateway> [--org <organisation>] [--cors <listed origin>]'

const asked = (args: string[]): (Options & { origin: string }) | undefined => {
  try {
    const { positionals, values } = parseArgs({
      args,
      options: { org: { type: 'string' }, cors: { type: 'string' } },
      allowPositionals: true,
    })
    const [url, ...more] = positionals
    return url && more.length === 0 ? { ...values, origin: new URL(url).origin } : undefined
  } catch {
    return undefined
  }
}

const lines = ({ what, status, problems }: Finding): string =>
  [
    `${problems.length === 0 ? 'ok  ' : coloured('red', 'FAIL')} ${status || '---'} ${what}`,
    ...problems.map((problem) => `         ${problem}`),
  ].join('\n')

if (import.meta.main) {
  const found = asked(process.argv.slice(2))
  if (found === undefined) {
    console.log(usage)
    process.exitCode = 2
  } else {
    const { origin, ...options } = found
    const findings = await smoke(origin, options, (finding) => console.log(lines(finding)))
    const failed = findings.filter(({ problems }) => problems.length > 0).length
    console.log(
      `\n${findings.length - failed} of ${findings.length} responses of ${origin} are as documented.`,
    )
    process.exitCode = failed > 0 ? 1 : 0
  }
}
