import type { MiddlewareObj } from '@middy/core'
import httpJsonBodyParser from '@middy/http-json-body-parser'
import type { HttpEvent } from '../http/messages.ts'
import { Problem } from '../problem.ts'

/** Largest request body, in bytes. */
const largestBody = 131_072

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes of a body, if there is one. */
const bytesOf = ({ body, isBase64Encoded }: HttpEvent): Buffer | undefined =>
  typeof body === 'string' ? Buffer.from(body, isBase64Encoded ? 'base64' : undefined) : undefined

/** The text of a body, decoded strictly. middy alone would accept invalid UTF-8 and wrong base64. */
const textOf = (event: HttpEvent): string | undefined => {
  const bytes = bytesOf(event)
  if (bytes === undefined) return undefined
  // API Gateway replaces invalid UTF-8 with U+FFFD.
  if (!event.isBase64Encoded && /\ufffd|\p{Cs}/u.test(event.body as string)) throw new Problem('bad_body')
  if (event.isBase64Encoded && bytes.toString('base64') !== event.body) throw new Problem('bad_body')
  return strict.decode(bytes)
}

/** Throws `body_too_large`. */
export const checkSize = (event: HttpEvent): void => {
  const bytes = bytesOf(event)
  // The text counts too: base64 may be padded with what decodes to nothing.
  if (bytes && (bytes.length > largestBody || (event.body as string).length > largestBody * 2))
    throw new Problem('body_too_large')
}

/**
 * RFC 9110 section 5.6.6 allows white space before the semicolon, middy's parser does not. The lookbehind
 * keeps this linear.
 */
const plainType = (event: HttpEvent): void => {
  const type = event.headers?.['content-type']
  if (type !== undefined)
    event.headers = { ...event.headers, 'content-type': type.replace(/(?<![\t ])[\t ]+;/g, ';') }
}

/**
 * Parses a body that has to be JSON, decoded strictly here. middy's own errors say 422 and carry the body,
 * which the contract does not allow.
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
