import { languageFor, prefers, weight } from './accept.ts'
import { type Answer, answer, type Incoming } from './http.ts'
import { type AnswerName, answers, type Code, row } from './problem.ts'

/** From a failure to what the caller is told: one failure, three readers (contract, section 2). */

type Reader = 'problem' | 'page' | 'key'

const readerOf = ({ header }: Incoming): Reader => {
  const accept = header('accept') ?? ''
  if (weight(accept, 'application/problem+json') > 0) return 'problem'
  const mode = header('sec-fetch-mode')
  const wantsPage =
    mode === undefined ? prefers(accept, 'text/html', 'application/json') : mode === 'navigate'
  return wantsPage ? 'page' : 'key'
}

/** A poll that is refused gets a key and no words, so they are loaded only for whoever reads them. */
const written = () => import('./words.ts')

/** The failure as a page, in the language of whoever reads it. */
const asPage = async (
  request: Incoming,
  code: Code,
  status: number,
  errorsUrl: string | undefined,
): Promise<Answer> => {
  const { page, pagePolicy, words } = await written()
  const { cookies, again: login } = request.facts
  const { again } = row(code)
  const language = languageFor(request.header('accept-language') ?? '')
  const { title, advice } = words[language][code]
  const why = status < 500 ? 'signIn' : 'retry'
  const to = again && login && ({ to: login, why } as const)
  const html = page({ language, title, advice, code, id: request.id, again: to, errorsUrl })
  const { headers, ...rest } = answer(status, 'text/html', html, cookies)
  return {
    ...rest,
    headers: { ...headers, 'content-language': language, 'content-security-policy': pagePolicy },
  }
}

/** The failure as a problem document: RFC 9457. For programs, so its words are constants and English. */
const asDocument = async (
  request: Incoming,
  code: Code,
  { status, key }: { status: number; key: string },
): Promise<Answer> => {
  const { words } = await written()
  const { cookies, again: login } = request.facts
  const { again } = row(code)
  const document = {
    type: `urn:imsg-service:problem:${code}`,
    title: words.en[code].title,
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
export const refusal = async (
  request: Incoming,
  code: Code,
  named: AnswerName,
  errorsUrl?: string,
): Promise<Answer> => {
  const { status, key } = answers[named]
  const reader = readerOf(request)
  if (reader === 'page') return asPage(request, code, status, errorsUrl)
  if (reader === 'problem') return asDocument(request, code, answers[named])
  return answer(status, 'application/json', JSON.stringify(key), request.facts.cookies)
}
