import { type Language, languageFor, prefers, weight } from '../http/accept.ts'
import { type Answer, answer, type Incoming, ok } from '../http/messages.ts'
import { type AnswerName, answers, type Code, row } from '../problem.ts'
import type { LogoutUrl } from '../redirect/login-url.ts'
import type { PageContent } from './page.ts'

/** One failure, three representations: problem document, page or key (contract, section 2). */

type Reader = 'problem' | 'page' | 'key'

/** Which representation of a failure the request asks for. */
export const readerOf = ({ header }: Pick<Incoming, 'header'>): Reader => {
  const accept = header('accept') ?? ''
  if (weight(accept, 'application/problem+json') > 0) return 'problem'
  const mode = header('sec-fetch-mode')
  const wantsPage =
    mode === undefined ? prefers(accept, 'text/html', 'application/json') : mode === 'navigate'
  return wantsPage ? 'page' : 'key'
}

type Written<C extends string> = Pick<typeof import('./texts.ts'), 'page' | 'pagePolicy' | 'signIn'> &
  Readonly<{ texts: Readonly<Record<Language, Readonly<Record<C, { title: string; advice: string }>>>> }>

/** The catalogue of a service: whether a new login helps, and the texts. */
export type Failures<C extends string> = Readonly<{
  again: (code: C) => boolean
  written: () => Promise<Written<C>>
}>

/** Loaded on demand: a refused poll gets a key and needs no texts. */
const written = () => import('./texts.ts')

const own: Failures<Code> = { again: (code) => row(code).again ?? false, written }

/** A page in the reader's language. */
export const asPage = async <T extends Pick<Written<never>, 'page' | 'pagePolicy'>>(
  request: Incoming,
  status: number,
  written: () => Promise<T>,
  content: (written: T, language: Language) => PageContent,
): Promise<Answer> => {
  const loaded = await written()
  const language = languageFor(request.header('accept-language') ?? '')
  const html = loaded.page(language, content(loaded, language))
  const { headers, ...rest } = answer(status, 'text/html', html)
  return {
    ...rest,
    headers: {
      ...headers,
      'content-language': language,
      'content-security-policy': loaded.pagePolicy,
      'cross-origin-opener-policy': 'same-origin',
    },
  }
}

/**
 * `POST /logout` without a callback: a form gets a page, a script the documented answer. `logoutUrl` is where
 * the script may send the person to sign out at the identity service too.
 */
export const signedOut = (request: Incoming, logoutUrl?: LogoutUrl): Promise<Answer> | Answer =>
  request.header('sec-fetch-mode') === 'navigate'
    ? asPage(request, 200, written, ({ farewell }, language) => farewell[language])
    : ok({ msg: 'You are logged out', ...(logoutUrl === undefined ? {} : { logoutUrl }) })

/** The content of an error page. Without a login to offer it says where to find one. */
const told =
  <C extends string>(again: boolean, request: Incoming, code: C, status: number, errorsUrl?: string) =>
  ({ texts, signIn }: Written<C>, language: Language): PageContent => {
    const login = again && request.facts.again
    const link = login ? ({ to: login, why: status < 500 ? 'signIn' : 'retry' } as const) : undefined
    const { title, advice } = texts[language][code]
    const { here, elsewhere } = signIn[language]
    const told = link ? advice : advice.replace(here, elsewhere)
    return { title, advice: told, failure: { code, id: request.id }, again: link, errorsUrl }
  }

/**
 * The failure as a problem document (RFC 9457). It is for programs, so its texts are constant and English.
 */
const asDocument = async <C extends string>(
  { again, written }: Failures<C>,
  request: Incoming,
  code: C,
  { status, key }: { status: number; key: string },
): Promise<Answer> => {
  const { texts } = await written()
  const { again: login } = request.facts
  const document = {
    type: `urn:imsg-service:problem:${code}`,
    title: texts.en[code].title,
    status,
    instance: request.id,
    key,
    code,
    ...(again(code) && login ? { login } : {}),
  }
  return answer(status, 'application/problem+json', JSON.stringify(document))
}

/**
 * The answer to a failure in the representation that the request asks for. `named` is the public answer,
 * which a route may change; `errorsUrl` is where a page explains the code.
 */
export const respond = async <C extends string>(
  failures: Failures<C>,
  request: Incoming,
  code: C,
  named: AnswerName,
  errorsUrl?: string,
): Promise<Answer> => {
  const { status, key } = answers[named]
  const reader = readerOf(request)
  if (reader === 'page')
    return asPage(
      request,
      status,
      failures.written,
      told(failures.again(code), request, code, status, errorsUrl),
    )
  if (reader === 'problem') return asDocument(failures, request, code, answers[named])
  return answer(status, 'application/json', JSON.stringify(key))
}

/** `WWW-Authenticate` of RFC 6750 section 3: `error` only when a token was presented. */
const challenge = (code: Code): string => {
  const nonePresented = code === 'token_missing' || code === 'not_a_navigation'
  return `Bearer realm="imsg-service"${nonePresented ? '' : ', error="invalid_token"'}`
}

/** The answer to a failure of the gateway's own catalogue. */
export const errorResponse = async (
  request: Incoming,
  code: Code,
  named: AnswerName,
  errorsUrl?: string,
): Promise<Answer> => {
  const response = await respond(own, request, code, named, errorsUrl)
  if (named === 'missingToken') response.headers['www-authenticate'] = challenge(code)
  return response
}
