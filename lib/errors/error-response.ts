import { preferred, prefers, weight } from '../http/accept.ts'
import { type Answer, answer, type Incoming, ok } from '../http/messages.ts'
import { type AnswerName, answers, type Code, row } from '../problem.ts'
import type { LogoutUrl } from '../redirect/login-url.ts'
import type { Words } from './en.ts'
import type { PageContent, Site } from './page.ts'

/** Responses to failures, as a problem document, a page or a key. */

type Reader = 'problem' | 'page' | 'key'

/** The representation of a failure that the request asks for. */
export const readerOf = ({ header }: Pick<Incoming, 'header'>): Reader => {
  const accept = header('accept') ?? ''
  if (weight(accept, 'application/problem+json') > 0) return 'problem'
  const mode = header('sec-fetch-mode')
  const wantsPage =
    mode === undefined ? prefers(accept, 'text/html', 'application/json') : mode === 'navigate'
  return wantsPage ? 'page' : 'key'
}

/** Whether a person opened `/` in a browser. */
export const opensStartPage = (request: Incoming): boolean =>
  request.rawPath === '/' &&
  (request.method === 'GET' || request.method === 'HEAD') &&
  readerOf(request) === 'page'

/** The page template and the texts, which are loaded on demand. */
type Written<W> = Pick<typeof import('./texts.ts'), 'page' | 'pagePolicy'> &
  Readonly<{ languages: readonly [W, ...W[]] }>

type Failing<C extends string> = Pick<Words, 'language' | 'labels' | 'signIn'> &
  Readonly<{ failures: Readonly<Record<C, Words['start']>> }>

/** The failures of a service: its texts, and whether a new login may help. */
export type Failures<C extends string> = Readonly<{
  again: (code: C) => boolean
  written: () => Promise<Written<Failing<C>>>
}>

/** Loaded on demand, because a refused poll is answered with a key and needs no texts. */
const written = () => import('./texts.ts')

const own: Failures<Code> = { again: (code) => row(code).again ?? false, written }

/** A page in the language that the browser prefers. */
export const asPage = async <W extends Pick<Words, 'language' | 'labels'>>(
  request: Incoming,
  status: number,
  written: () => Promise<Written<W>>,
  site: Site | undefined,
  content: (words: W) => PageContent,
): Promise<Answer> => {
  const { page, pagePolicy, languages } = await written()
  const words = preferred(request.header('accept-language') ?? '', languages)
  const { headers, ...rest } = answer(status, 'text/html', page(words, content(words), site))
  return {
    ...rest,
    headers: {
      ...headers,
      'content-language': words.language,
      'content-security-policy': pagePolicy,
      'cross-origin-opener-policy': 'same-origin',
    },
  }
}

/**
 * The response to a logout without a redirect: a page for a form, JSON for a script. `logoutUrl`: where the
 * script can send the browser to sign out at the identity service too.
 */
export const signedOut = (request: Incoming, site: Site, logoutUrl?: LogoutUrl): Promise<Answer> | Answer =>
  request.header('sec-fetch-mode') === 'navigate'
    ? asPage(request, 200, written, site, ({ loggedOut }) => loggedOut)
    : ok({ msg: 'You are logged out', logoutUrl })

/** The page at `/`. */
export const startPage = (request: Incoming, site: Site): Promise<Answer> =>
  asPage(request, 200, written, site, ({ start }) => start)

/** The content of an error page. Without a login button, the advice tells the person to go to the service. */
const errorPage =
  <C extends string>(again: boolean, { facts, id }: Incoming, code: C, status: number) =>
  ({ failures, signIn: { here, elsewhere } }: Failing<C>): PageContent => {
    const login = again && facts.again
    const link = login ? ({ to: login, why: status < 500 ? 'signIn' : 'retry' } as const) : undefined
    const { title, advice } = failures[code]
    return {
      title,
      advice: link ? advice : advice.replace(here, elsewhere),
      failure: { code, id },
      again: link,
    }
  }

/** The failure as a problem document (RFC 9457). Its title is always in English. */
const asDocument = async <C extends string>(
  { again, written }: Failures<C>,
  request: Incoming,
  code: C,
  { status, key }: { status: number; key: string },
): Promise<Answer> => {
  const {
    languages: [{ failures }],
  } = await written()
  const { again: login } = request.facts
  const document = {
    type: `urn:imsg-service:problem:${code}`,
    title: failures[code].title,
    status,
    instance: request.id,
    key,
    code,
    ...(again(code) && login ? { login } : {}),
  }
  return answer(status, 'application/problem+json', JSON.stringify(document))
}

/**
 * The response to a failure in the representation that the request asks for. `named`: the public answer,
 * which a route may change. `site`: undefined when the settings could not be read.
 */
export const respond = async <C extends string>(
  failures: Failures<C>,
  request: Incoming,
  code: C,
  named: AnswerName,
  site?: Site,
): Promise<Answer> => {
  const { status, key } = answers[named]
  const reader = readerOf(request)
  if (reader === 'page')
    return asPage(
      request,
      status,
      failures.written,
      site,
      errorPage(failures.again(code), request, code, status),
    )
  if (reader === 'problem') return asDocument(failures, request, code, answers[named])
  return answer(status, 'application/json', JSON.stringify(key))
}

/** `WWW-Authenticate` (RFC 6750 section 3), with `error` only when a token was presented. */
const challenge = (code: Code): string => {
  const nonePresented = code === 'token_missing' || code === 'not_a_navigation'
  return `Bearer realm="imsg-service"${nonePresented ? '' : ', error="invalid_token"'}`
}

/** The response to a failure of the gateway's catalogue. */
export const errorResponse = async (
  request: Incoming,
  code: Code,
  named: AnswerName,
  site?: Site,
): Promise<Answer> => {
  const response = await respond(own, request, code, named, site)
  if (named === 'missingToken') response.headers['www-authenticate'] = challenge(code)
  return response
}
