/** THE catalogue of failures: what may go wrong, what the caller is told, how loudly the log says it. */

/** The public answers that the wire contract fixes, section 2: a status and the documented key. */
export const answers = {
  badRequest: { status: 400, key: 'errors.api.BadRequestError' },
  missingToken: { status: 401, key: 'errors.auth.MissingToken' },
  forbidden: { status: 403, key: 'errors.auth.Forbidden' },
  tooLarge: { status: 413, key: 'errors.api.PayloadTooLarge' },
  unsupported: { status: 415, key: 'errors.api.UnsupportedMediaType' },
  internal: { status: 500, key: 'errors.api.InternalServerError' },
  unavailable: { status: 503, key: 'errors.api.ServiceUnavailable' },
} as const satisfies Record<string, { status: number; key: string }>

export type AnswerName = keyof typeof answers
type Level = 'debug' | 'info' | 'warn' | 'error'

type Row = {
  answer: AnswerName
  title: string
  /** What the person in front of the browser can do about it, in one or two plain sentences. */
  advice: string
  level: Level
  /** Set where starting the login again can help: page and problem document then offer it. */
  again?: true
}

const signInAgain = 'Sign in again to go on.'
const linkIsWrong =
  'The link that brought you here is not complete or not allowed. Go back to the service you came from and try from there; if it happens again, tell whoever runs it.'
const notYours = 'Go back to the service you came from and sign in from there.'
const tryLater =
  'This is not your fault. Wait a minute and try again. If you are signed in already, you stay signed in.'
const clientError = 'The program that sent this request has to be corrected.'

/** Every failure by its stable code. The same code stands in the answer, the log line and the metric. */
export const catalogue = {
  // A request that cannot be understood.
  bad_query: {
    answer: 'badRequest',
    title: 'The address is not complete or not readable',
    advice: linkIsWrong,
    level: 'info',
  },
  bad_organisation: {
    answer: 'badRequest',
    title: 'This is not the name of an organisation',
    advice: linkIsWrong,
    level: 'info',
  },
  return_url_not_allowed: {
    answer: 'badRequest',
    title: 'This return address is not allowed',
    advice: linkIsWrong,
    level: 'warn',
  },
  bad_cookies: {
    answer: 'badRequest',
    title: 'The cookies of this request are malformed',
    advice: 'Delete the cookies of this site in your browser and try again.',
    level: 'info',
  },
  bad_body: {
    answer: 'badRequest',
    title: 'The body is not the JSON that is expected',
    advice: clientError,
    level: 'info',
  },
  body_too_large: { answer: 'tooLarge', title: 'The body is too large', advice: clientError, level: 'info' },
  not_json: { answer: 'unsupported', title: 'The body has to be JSON', advice: clientError, level: 'info' },

  // A person who is not signed in.
  not_a_navigation: {
    answer: 'missingToken',
    title: 'A login starts in a browser window of its own',
    advice: 'Open the login address in a window or tab.',
    level: 'info',
    again: true,
  },
  token_missing: {
    answer: 'missingToken',
    title: 'You are not signed in',
    advice: signInAgain,
    level: 'info',
  },
  token_duplicate: {
    answer: 'missingToken',
    title: 'Your browser sent two sessions at once',
    advice: `Neither was trusted, and both have been removed. ${signInAgain}`,
    level: 'warn',
  },
  token_malformed: {
    answer: 'missingToken',
    title: 'Your sign-in could not be read',
    advice: signInAgain,
    level: 'info',
    again: true,
  },
  token_too_large: {
    answer: 'missingToken',
    title: 'Your sign-in is too large for a browser to keep',
    advice: 'You belong to more groups than a cookie can hold. Tell whoever manages your organisation.',
    level: 'error',
  },
  token_key_unknown: {
    answer: 'missingToken',
    title: 'Your sign-in was not signed with a key that is known',
    advice: signInAgain,
    level: 'warn',
    again: true,
  },
  token_signature: {
    answer: 'missingToken',
    title: 'The signature of your sign-in does not hold',
    advice: signInAgain,
    level: 'warn',
    again: true,
  },
  token_claims: {
    answer: 'missingToken',
    title: 'Your sign-in lacks something it has to say',
    advice: signInAgain,
    level: 'warn',
    again: true,
  },
  token_purpose: {
    answer: 'missingToken',
    title: 'This token is not made for signing in',
    advice: signInAgain,
    level: 'warn',
    again: true,
  },
  token_expired: {
    answer: 'missingToken',
    title: 'Your session has ended',
    advice: signInAgain,
    level: 'info',
    again: true,
  },
  token_from_future: {
    answer: 'missingToken',
    title: 'Your sign-in is dated in the future',
    advice: 'The clock of the identity service is ahead. Wait a minute, then sign in again.',
    level: 'warn',
    again: true,
  },
  token_too_old: {
    answer: 'missingToken',
    title: 'This sign-in was issued too long ago',
    advice: signInAgain,
    level: 'info',
    again: true,
  },
  token_lives_too_long: {
    answer: 'missingToken',
    title: 'Your sign-in claims to hold for too long',
    advice: signInAgain,
    level: 'warn',
    again: true,
  },
  token_issuer: {
    answer: 'missingToken',
    title: 'Your sign-in comes from an unknown issuer',
    advice: signInAgain,
    level: 'warn',
    again: true,
  },
  token_audience: {
    answer: 'missingToken',
    title: 'Your sign-in is meant for somebody else',
    advice: signInAgain,
    level: 'warn',
    again: true,
  },
  token_revoked: {
    answer: 'missingToken',
    title: 'You have been signed out',
    advice:
      'Sign in again to go on. If the sign-in page lets you straight back to this one, sign out there first.',
    level: 'info',
    again: true,
  },
  subject_signed_out: {
    answer: 'missingToken',
    title: 'All your sessions have been ended',
    advice: signInAgain,
    level: 'info',
    again: true,
  },
  organisation_signed_out: {
    answer: 'missingToken',
    title: 'All sessions of your organisation have been ended',
    advice: signInAgain,
    level: 'info',
    again: true,
  },
  subject_blocked: {
    answer: 'missingToken',
    title: 'Your account is blocked',
    advice: 'Ask whoever manages your organisation.',
    level: 'info',
  },
  token_organisation: {
    answer: 'missingToken',
    title: 'Your organisation is blocked or no longer served here',
    advice: 'Ask whoever manages your organisation.',
    level: 'info',
  },

  // A person, or a page, that may not do this.
  login_not_from_this_browser: {
    answer: 'forbidden',
    title: 'This login was not started in this browser',
    advice: `${notYours} Cookies have to be allowed for this site, and a login has to end in the browser in which it began, within half an hour.`,
    level: 'warn',
  },
  login_other_organisation: {
    answer: 'forbidden',
    title: 'You signed in at another organisation',
    advice: `${notYours} Choose the organisation you were asked for.`,
    level: 'warn',
    again: true,
  },
  login_loop: {
    answer: 'forbidden',
    title: 'The login goes round in circles',
    advice:
      'You were sent through the login several times within a minute, so it was stopped here. The service you want may not accept your account, or your browser may not keep its cookies. Wait a minute before you try again; if it goes on, tell whoever runs the service.',
    level: 'warn',
  },
  organisation_unknown: {
    answer: 'forbidden',
    title: 'This organisation is not known here',
    advice: 'Check the name of your organisation with whoever gave you the link.',
    level: 'info',
  },
  organisation_blocked: {
    answer: 'forbidden',
    title: 'This organisation is blocked',
    advice: 'Ask whoever manages your organisation.',
    level: 'info',
  },
  foreign_origin: {
    answer: 'forbidden',
    title: 'This request came from another site',
    advice: notYours,
    level: 'warn',
  },
  unit_not_held: {
    answer: 'forbidden',
    title: 'You do not belong to this unit',
    advice: 'Choose one of your own units.',
    level: 'info',
  },

  // What we cannot know, or got wrong.
  state_missing: {
    answer: 'unavailable',
    title: 'Signing in is not possible right now',
    advice: tryLater,
    level: 'error',
    again: true,
  },
  state_too_old: {
    answer: 'unavailable',
    title: 'Signing in is not possible right now',
    advice: tryLater,
    level: 'error',
    again: true,
  },
  table_unavailable: {
    answer: 'unavailable',
    title: 'Your session cannot be checked right now',
    advice: tryLater,
    level: 'error',
    again: true,
  },
  internal: {
    answer: 'internal',
    title: 'Something went wrong',
    advice: 'It has been noted. Wait a minute and try again.',
    level: 'error',
    again: true,
  },
} as const satisfies Record<string, Row>

export type Code = keyof typeof catalogue

/** The row of a code, typed so that every optional cell can be asked for. */
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

/** Whether an error says that this person is not signed in, as against that we cannot know. */
export const isSignedOut = (error: unknown): boolean =>
  error instanceof Problem && row(error.code).answer === 'missingToken'
