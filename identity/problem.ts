import { type AnswerName, catalogue as gateway, Problem } from '../lib/problem.ts'

/**
 * The catalogue of failures of this service. Codes that the shared library throws mean what they mean at the
 * gateway.
 */

type Row = Readonly<{
  answer: AnswerName
  level: 'debug' | 'info' | 'warn' | 'error'
  /** Set where starting the login again can help. */
  again?: true
}>

export const catalogue = {
  bad_query: gateway.bad_query,
  bad_organisation: gateway.bad_organisation,
  bad_body: gateway.bad_body,
  body_too_large: gateway.body_too_large,
  not_found: gateway.not_found,
  return_url_not_allowed: gateway.return_url_not_allowed,
  not_a_navigation: gateway.not_a_navigation,
  organisation_unknown: gateway.organisation_unknown,
  organisation_blocked: gateway.organisation_blocked,
  login_not_from_this_browser: gateway.login_not_from_this_browser,
  table_unavailable: gateway.table_unavailable,
  internal: gateway.internal,

  callback_not_allowed: { answer: 'badRequest', level: 'warn' },
  logout_from_elsewhere: { answer: 'forbidden', level: 'warn' },
  logout_token_refused: { answer: 'badRequest', level: 'warn' },

  provider_unavailable: { answer: 'unavailable', level: 'error', again: true },
  provider_misconfigured: { answer: 'unavailable', level: 'error' },
  provider_answer_refused: { answer: 'forbidden', level: 'warn', again: true },
  code_refused: { answer: 'forbidden', level: 'info', again: true },
  person_not_allowed: { answer: 'forbidden', level: 'info' },
  groups_overage: { answer: 'forbidden', level: 'error' },
  signing_unavailable: { answer: 'unavailable', level: 'error', again: true },
} as const satisfies Record<string, Row>

export type Code = keyof typeof catalogue

/** The row of a code, typed so that every optional cell can be asked for. */
export const row = (code: Code): Row => catalogue[code]

/** A failure of this catalogue. `cause` is for the log alone and never holds a token, a code or a claim. */
export class SignInProblem extends Error {
  readonly code: Code

  constructor(code: Code, cause?: unknown) {
    super(code, { cause })
    this.name = 'SignInProblem'
    this.code = code
  }
}

/** Throws a failure of this catalogue, with an optional cause for the log. */
export const refuse = (code: Code, cause?: unknown): never => {
  throw new SignInProblem(code, cause)
}

const isOurs = (code: string): code is Code => Object.hasOwn(catalogue, code)

/** The code of any error. Codes of the gateway that this catalogue lacks are `internal`. */
export const failureOf = (error: unknown): Readonly<{ code: Code; cause: unknown }> =>
  (error instanceof SignInProblem || error instanceof Problem) && isOurs(error.code)
    ? { code: error.code, cause: error.cause }
    : { code: 'internal', cause: error }
