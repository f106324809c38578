/** The catalogue of failures, with the response and log level of each. The texts are in `lib/errors/`. */

/** The public answers: `docs/openapi.json`. */
export const answers = {
  badRequest: { status: 400, key: 'errors.api.BadRequestError' },
  missingToken: { status: 401, key: 'errors.auth.MissingToken' },
  forbidden: { status: 403, key: 'errors.auth.Forbidden' },
  notFound: { status: 404, key: 'errors.api.NotFound' },
  tooLarge: { status: 413, key: 'errors.api.PayloadTooLarge' },
  unsupported: { status: 415, key: 'errors.api.UnsupportedMediaType' },
  internal: { status: 500, key: 'errors.api.InternalServerError' },
  unavailable: { status: 503, key: 'errors.api.ServiceUnavailable' },
} as const satisfies Record<string, { status: number; key: string }>

/** The name of a public answer. */
export type AnswerName = keyof typeof answers
type Level = 'debug' | 'info' | 'warn' | 'error'

type Row = {
  answer: AnswerName
  level: Level
  /** Whether page and problem document offer a new login. */
  again?: true
}

/** Every failure by its stable code, which appears in responses, log lines and metrics. */
export const catalogue = {
  // Requests that cannot be understood.
  bad_query: { answer: 'badRequest', level: 'info' },
  bad_organisation: { answer: 'badRequest', level: 'info' },
  return_url_not_allowed: { answer: 'badRequest', level: 'warn' },
  bad_cookies: { answer: 'badRequest', level: 'info' },
  bad_body: { answer: 'badRequest', level: 'info' },
  body_too_large: { answer: 'tooLarge', level: 'info' },
  not_json: { answer: 'unsupported', level: 'info' },

  // Mistakes of a service or its proxy.
  bad_rule: { answer: 'badRequest', level: 'error' },
  not_found: { answer: 'notFound', level: 'debug' },

  // People who are not signed in.
  not_a_navigation: { answer: 'missingToken', level: 'info', again: true },
  token_missing: { answer: 'missingToken', level: 'info', again: true },
  token_duplicate: { answer: 'missingToken', level: 'warn', again: true },
  session_of_another_person: { answer: 'missingToken', level: 'warn', again: true },
  token_malformed: { answer: 'missingToken', level: 'info', again: true },
  token_too_large: { answer: 'missingToken', level: 'error' },
  token_key_unknown: { answer: 'missingToken', level: 'warn', again: true },
  token_signature: { answer: 'missingToken', level: 'warn', again: true },
  token_claims: { answer: 'missingToken', level: 'warn', again: true },
  token_purpose: { answer: 'missingToken', level: 'warn', again: true },
  token_expired: { answer: 'missingToken', level: 'info', again: true },
  token_from_future: { answer: 'missingToken', level: 'warn', again: true },
  token_too_old: { answer: 'missingToken', level: 'info', again: true },
  token_lives_too_long: { answer: 'missingToken', level: 'warn', again: true },
  token_issuer: { answer: 'missingToken', level: 'warn', again: true },
  token_audience: { answer: 'missingToken', level: 'warn', again: true },
  token_revoked: { answer: 'missingToken', level: 'info', again: true },
  subject_signed_out: { answer: 'missingToken', level: 'info', again: true },
  organisation_signed_out: { answer: 'missingToken', level: 'info', again: true },
  subject_blocked: { answer: 'missingToken', level: 'info' },
  token_organisation: { answer: 'missingToken', level: 'info' },

  // People or pages that may not do this.
  login_not_from_this_browser: { answer: 'forbidden', level: 'warn', again: true },
  login_cancelled: { answer: 'forbidden', level: 'info', again: true },
  login_refused: { answer: 'forbidden', level: 'warn', again: true },
  login_other_organisation: { answer: 'forbidden', level: 'warn', again: true },
  login_loop: { answer: 'forbidden', level: 'warn', again: true },
  organisation_unknown: { answer: 'forbidden', level: 'info' },
  organisation_blocked: { answer: 'forbidden', level: 'info' },
  foreign_origin: { answer: 'forbidden', level: 'warn' },
  rule_not_met: { answer: 'forbidden', level: 'info' },
  unit_not_held: { answer: 'forbidden', level: 'info' },

  // Failures of the gateway or of what it depends on.
  state_missing: { answer: 'unavailable', level: 'error', again: true },
  state_too_old: { answer: 'unavailable', level: 'error', again: true },
  // Anybody can make such a token, so it is not an error in the log.
  token_key_pending: { answer: 'unavailable', level: 'warn', again: true },
  table_unavailable: { answer: 'unavailable', level: 'error', again: true },
  internal: { answer: 'internal', level: 'error', again: true },
} as const satisfies Record<string, Row>

/** A code of the catalogue. Clients may rely on codes. */
export type Code = keyof typeof catalogue

/** The row of a code. */
export const row = (code: Code): Row => catalogue[code]

/** A failure with a code of the catalogue. `cause` is for the log and contains no token, cookie or claim. */
export class Problem extends Error {
  readonly code: Code

  constructor(code: Code, cause?: unknown) {
    super(code, { cause })
    this.name = 'Problem'
    this.code = code
  }
}

/** The code of an error, or `internal` when it is not a `Problem`. */
export const codeOf = (error: unknown): Code => (error instanceof Problem ? error.code : 'internal')

/** Whether an error is answered with a 5xx, after which a reload may succeed. */
export const isOurFailure = (error: unknown): boolean => answers[row(codeOf(error)).answer].status >= 500

/** Whether an error says that the person is not signed in. */
export const isSignedOut = (error: unknown): error is Problem => row(codeOf(error)).answer === 'missingToken'
