/**
 * The catalogue of failures: which answer each is given and at which level it is logged. Its texts are in
 * `errors/en.ts` and `errors/sv.ts`.
 */

/** The public answers that the wire contract fixes, section 2: a status and the documented key. */
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

export type AnswerName = keyof typeof answers
type Level = 'debug' | 'info' | 'warn' | 'error'

type Row = {
  answer: AnswerName
  level: Level
  /** Set where starting the login again can help: page and problem document then offer it. */
  again?: true
}

/** Every failure by its stable code. The same code stands in the answer, the log line and the metric. */
export const catalogue = {
  // A request that cannot be understood.
  bad_query: { answer: 'badRequest', level: 'info' },
  bad_organisation: { answer: 'badRequest', level: 'info' },
  return_url_not_allowed: { answer: 'badRequest', level: 'warn' },
  bad_cookies: { answer: 'badRequest', level: 'info' },
  bad_body: { answer: 'badRequest', level: 'info' },
  body_too_large: { answer: 'tooLarge', level: 'info' },
  not_json: { answer: 'unsupported', level: 'info' },

  // A service or its proxy that asks the wrong way.
  bad_rule: { answer: 'badRequest', level: 'error' },
  not_found: { answer: 'notFound', level: 'debug' },

  // A person who is not signed in.
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

  // A person, or a page, that may not do this.
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

  // What cannot be known, or is a defect of ours.
  state_missing: { answer: 'unavailable', level: 'error', again: true },
  state_too_old: { answer: 'unavailable', level: 'error', again: true },
  // Anybody can invent such a token, so the log does not call it an error.
  token_key_pending: { answer: 'unavailable', level: 'warn', again: true },
  table_unavailable: { answer: 'unavailable', level: 'error', again: true },
  internal: { answer: 'internal', level: 'error', again: true },
} as const satisfies Record<string, Row>

export type Code = keyof typeof catalogue

/** The row of a code, with its optional members. */
export const row = (code: Code): Row => catalogue[code]

/** A failure of the catalogue. `cause` is for the log alone and never holds a token, a cookie or a claim. */
export class Problem extends Error {
  readonly code: Code

  constructor(code: Code, cause?: unknown) {
    super(code, { cause })
    this.name = 'Problem'
    this.code = code
  }
}

/** The code of a failure of the catalogue; any other error is `internal`. */
export const codeOf = (error: unknown): Code => (error instanceof Problem ? error.code : 'internal')

/** Whether an error is a 5xx, after which a reload may succeed. */
export const isOurFailure = (error: unknown): boolean => answers[row(codeOf(error)).answer].status >= 500

/** Whether an error says that the person is not signed in, rather than that it cannot be known. */
export const isSignedOut = (error: unknown): boolean => row(codeOf(error)).answer === 'missingToken'
