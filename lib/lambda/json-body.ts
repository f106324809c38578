import type { MiddlewareObj, Request } from '@middy/core'
import httpJsonBodyParser from '@middy/http-json-body-parser'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { HttpEvent } from '../http/messages.ts'
import { Problem } from '../problem.ts'

/** Maximum size of a request body. */
const maxBodyBytes = 131_072

const bytesOf = (body: string, isBase64Encoded: boolean): Buffer =>
  Buffer.from(body, isBase64Encoded ? 'base64' : undefined)

/** The text of a body, decoded strictly. middy would accept invalid UTF-8 and invalid base64. */
const textOf = ({ body, isBase64Encoded }: HttpEvent): string | undefined => {
  if (typeof body !== 'string') return undefined
  const bytes = bytesOf(body, isBase64Encoded)
  // API Gateway has replaced invalid UTF-8 with U+FFFD.
  if (!isBase64Encoded && /\ufffd|\p{Cs}/u.test(body)) throw new Problem('bad_body')
  if (isBase64Encoded && bytes.toString('base64') !== body) throw new Problem('bad_body')
  const text = bytes.toString()
  // `toString` replaces invalid UTF-8 too.
  if (!bytes.equals(Buffer.from(text))) throw new Problem('bad_body')
  return text
}

/** Throws `body_too_large`. */
export const checkSize = ({ body, isBase64Encoded }: HttpEvent): void => {
  if (typeof body !== 'string') return
  // The encoded length is limited too: base64 may contain characters that decode to nothing.
  if (bytesOf(body, isBase64Encoded).length > maxBodyBytes || body.length > maxBodyBytes * 2)
    throw new Problem('body_too_large')
}

/**
 * Removes white space before a semicolon, which RFC 9110 section 5.6.6 allows and middy's parser does not.
 * The lookbehind keeps this linear.
 */
const plainType = (event: HttpEvent): void => {
  const type = event.headers?.['content-type']
  if (type !== undefined)
    event.headers = { ...event.headers, 'content-type': type.replace(/(?<![\t ])[\t ]+;/g, ';') }
}

/**
 * Maps an error of middy's parser to a problem. Its message quotes the body, so it is dropped. Other errors
 * are returned as they are.
 */
const bodyProblem = (error: unknown): unknown => {
  const status: unknown = Object(error).statusCode
  if (status === 415) return new Problem('not_json')
  return status === 422 ? new Problem('bad_body') : error
}

/** middy's parser, typed for the event members that it uses. */
type Parser = { before?(request: Request<HttpEvent>): void }

/** Parses a JSON body. Throws `not_json` for another type and `bad_body` for invalid JSON. */
export const jsonBody = (): MiddlewareObj<HttpEvent> => {
  const parser: Parser = httpJsonBodyParser<APIGatewayProxyEventV2>()
  return {
    before: (request) => {
      request.event.body = textOf(request.event)
      request.event.isBase64Encoded = false
      plainType(request.event)
      try {
        parser.before?.(request)
      } catch (error) {
        throw bodyProblem(error)
      }
    },
  }
}
