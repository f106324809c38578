import type { MiddlewareObj } from '@middy/core'
import httpJsonBodyParser from '@middy/http-json-body-parser'
import type { HttpEvent } from './http.ts'
import { Problem } from './problem.ts'

/** Largest request body that is read, in bytes: a unit's name and room to spare. */
const largestBody = 10_240

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of a body, decoded strictly: middy would put U+FFFD where bytes are no UTF-8, and read wrong base64 as it can. */
const textOf = ({ body, isBase64Encoded }: HttpEvent): string | undefined => {
  if (typeof body !== 'string') return undefined
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8')
  if (bytes.length > largestBody || body.length > largestBody * 2) throw new Problem('body_too_large')
  if (isBase64Encoded && bytes.toString('base64') !== body) throw new Problem('bad_body')
  try {
    return strict.decode(bytes)
  } catch {
    throw new Problem('bad_body')
  }
}

/** Refuses a body that is too large or no UTF-8, and leaves the others as text. */
export const bodyText = (): MiddlewareObj<HttpEvent> => ({
  before: ({ event }) => {
    event.body = textOf(event)
    event.isBase64Encoded = false
  },
})

/** middy's parser, whose own errors say 422 and carry the body: neither is what the contract wants. */
export const jsonBody = (): MiddlewareObj<HttpEvent> => {
  const parser = httpJsonBodyParser()
  return {
    before: (request) => {
      try {
        parser.before?.(request as never)
      } catch (error) {
        throw new Problem(
          error instanceof Error && 'statusCode' in error && error.statusCode === 415
            ? 'not_json'
            : 'bad_body',
        )
      }
    },
  }
}
