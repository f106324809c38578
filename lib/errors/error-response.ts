import { type Language, languageFor, prefers, weight } from '../http/accept.ts'
import { type Answer, answer, type Incoming, ok } from '../http/messages.ts'
import { type AnswerName, answers, type Code, row } from '../problem.ts'
import type { PageContent } from './page.ts'

/** From a failure to what the caller is told: one failure, three readers (contract, section 2). */

type Reader = 'problem' | 'page' | 'key'

const readerOf = ({ header }: Incoming): Reader => {
  // Stryker disable next-line StringLiteral: what is no media type asks for none.
  const accept = header('accept') ?? ''
  if (weight(accept, 'application/problem+json') > 0) return 'problem'
  const mode = header('sec-fetch-mode')
  const wantsPage =
    mode === undefined ? prefers(accept, 'text/html', 'application/json') : mode === 'navigate'
  // Stryker disable next-line StringLiteral: a key is what everyone else gets.
  return wantsPage ? 'page' : 'key'
}

/** A poll that is refused gets a key and no words, so they are loaded only for whoever reads them. */
const written = () => import('./texts.ts')
type Written = Awaited<ReturnType<typeof written>>

/** A page in the language of whoever reads it. */
const asPage = async (
  request: Incoming,
  status: number,
  content: (written: Written, language: Language) => PageContent,
): Promise<Answer> => {
  const loaded = await written()
  // Stryker disable next-line StringLiteral: what is no language asks for none.
  const language = languageFor(request.header('accept-language') ?? '')
  const html = loaded.page(language, content(loaded, language))
  const { headers, ...rest } = answer(status, 'text/html', html, request.facts.cookies)
  return {
    ...rest,
    headers: { ...headers, 'content-language': language, 'content-security-policy': loaded.pagePolicy },
  }
}

/** `POST /logout` by a form of a page that says nowhere to go: the browser shows what it is answered, so that is a page. */
export const signedOut = (request: Incoming): Promise<Answer> | Answer =>
  request.header('sec-fetch-mode') === 'navigate'
    ? asPage(request, 200, ({ farewell }, language) => farewell[language])
    : ok({ msg: 'You are logged out' }, request.facts.cookies)

/** What a page says of a failure. */
const told =
  (request: Incoming, code: Code, status: number, errorsUrl: string | undefined) =>
  ({ texts }: Written, language: Language): PageContent => {
    const login = row(code).again && request.facts.again
    const again = login && ({ to: login, why: status < 500 ? 'signIn' : 'retry' } as const)
    return { ...texts[language][code], failure: { code, id: request.id }, again, errorsUrl }
  }

/** The failure as a problem document: RFC 9457. For programs, so its words are constants and English. */
const asDocument = async (
  request: Incoming,
  code: Code,
  { status, key }: { status: number; key: string },
): Promise<Answer> => {
  const { texts } = await written()
  const { cookies, again: login } = request.facts
  const { again } = row(code)
  const document = {
    type: `urn:imsg-service:problem:${code}`,
    title: texts.en[code].title,
    status,
    instance: request.id,
    key,
    code,
    ...(again && login ? { login } : {}),
  }
  return answer(status, 'application/problem+json', JSON.stringify(document), cookies)
}

/**
 * The answer to a failure, in the form that suits whoever asked. `named`: the public answer, where the row of a route says another;
 * `errorsUrl`: where a page may send people for more.
 */
export const errorResponse = async (
  request: Incoming,
  code: Code,
  named: AnswerName,
  errorsUrl?: string,
): Promise<Answer> => {
  const { status, key } = answers[named]
  const reader = readerOf(request)
  if (reader === 'page') return asPage(request, status, told(request, code, status, errorsUrl))
  if (reader === 'problem') return asDocument(request, code, answers[named])
  return answer(status, 'application/json', JSON.stringify(key), request.facts.cookies)
}
