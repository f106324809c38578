import { type Answer, answer, type Incoming } from './http.ts'
import { page, pagePolicy } from './page.ts'
import { type AnswerName, answers, type Code, row } from './problem.ts'

/** From a failure to what the caller is told: one failure, three readers (contract, section 2). */

type Reader = 'problem' | 'page' | 'key'

/** The weight an Accept header gives a media type by name: RFC 9110 section 12.5.1. Wildcards do not count. */
const weight = (accept: string, type: string): number => {
  const range = accept.split(',').map((part) =>
    part
      .trim()
      .toLowerCase()
      .split(';')
      .map((piece) => piece.trim()),
  )
  const parameters = range.find(([name]) => name === type)
  if (parameters === undefined) return 0
  const quality = parameters.find((parameter) => parameter.startsWith('q='))
  return quality === undefined ? 1 : Number(quality.slice(2)) || 0
}

const readerOf = ({ header }: Incoming): Reader => {
  const accept = header('accept') ?? ''
  if (weight(accept, 'application/problem+json') > 0) return 'problem'
  const mode = header('sec-fetch-mode')
  const wantsPage =
    mode === undefined
      ? weight(accept, 'text/html') > weight(accept, 'application/json')
      : mode === 'navigate'
  return wantsPage ? 'page' : 'key'
}

/** The answer to a failure, in the form that suits whoever asked. `named`: the public answer, where the row of a route says another. */
export const refusal = (request: Incoming, code: Code, named: AnswerName): Answer => {
  const { status, key } = answers[named]
  const { title, advice, again } = row(code)
  const cookies = request.facts.cookies ?? []
  const login = request.facts.again

  if (readerOf(request) === 'problem') {
    const document = {
      type: `urn:imsg-service:problem:${code}`,
      title,
      status,
      instance: request.id,
      key,
      code,
      ...(login ? { login } : {}),
    }
    return answer(status, 'application/problem+json', JSON.stringify(document), cookies)
  }
  if (readerOf(request) === 'page') {
    const html = answer(
      status,
      'text/html',
      page({ title, advice, code, id: request.id, again: again && login }),
      cookies,
    )
    return { ...html, headers: { ...html.headers, 'content-security-policy': pagePolicy } }
  }
  return answer(status, 'application/json', JSON.stringify(key), cookies)
}
