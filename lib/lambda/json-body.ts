import type { MiddlewareObj } from '@middy/core'
import httpJsonBodyParser from '@middy/http-json-body-parser'
import type { HttpEvent } from '../http/messages.ts'
import { Problem } from '../problem.ts'

/** Largest request body that is taken, in bytes: a unit's name and room to spare. */
const largestBody = 131_072

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes of a body, if there is one. */
const bytesOf = ({ body, isBase64Encoded }: HttpEvent): Buffer | undefined =>
  typeof body === 'string' ? Buffer.from(body, isBase64Encoded ? 'base64' : undefined) : undefined

/** The text of a body, decoded strictly: middy would put U+FFFD where bytes are no UTF-8, and read wrong base64 as it can. */
const textOf = (event: HttpEvent): string | undefined => {
  const bytes = bytesOf(event)
  if (bytes === undefined) return undefined
  // What was no UTF-8 arrives with U+FFFD in its place, or as half of a pair.
  if (!event.isBase64Encoded && /\ufffd|\p{Cs}/u.test(event.body as string)) throw new Problem('bad_body')
  if (event.isBase64Encoded && bytes.toString('base64') !== event.body) throw new Problem('bad_body')
  return strict.decode(bytes)
}

/** Refuses a body that is too large. What else it holds is nobody's business where no body is read. */
export const checkSize = (event: HttpEvent): void => {
  const bytes = bytesOf(event)
  // The text counts too: base64 may be padded with what decodes to nothing.
  if (bytes && (bytes.length > largestBody || (event.body as string).length > largestBody * 2))
    throw new Problem('body_too_large')
}

/** RFC 9110 section 5.6.6 allows white space before the semicolon of a parameter; middy's parser knows none. A run of it is read once. */
const plainType = (event: HttpEvent): void => {
  const type = event.headers?.['content-type']
  if (type !== undefined)
    event.headers = { ...event.headers, 'content-type': type.replace(/(?<![\t ])[\t ]+;/g, ';') }
}

/**
 * Reads a body that has to be JSON. middy's parser finds it in the text that was decoded here; its own errors say 422 and
 * carry the body: neither is what the contract wants.
 */
export const jsonBody = (): MiddlewareObj<HttpEvent> => {
  const parser = httpJsonBodyParser()
  return {
    before: (request) => {
      try {
        request.event.body = textOf(request.event)
        request.event.isBase64Encoded = false
        plainType(request.event)
        parser.before?.(request as never)
      } catch (error) {
        throw new Problem((error as { statusCode?: number }).statusCode === 415 ? 'not_json' : 'bad_body')
      }
    },
  }
}
