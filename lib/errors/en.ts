import type { Code } from '../problem.ts'

/** The catalogue of failures in English: for pages, for problem documents, for the documentation. */

/** Said beside a button that starts a login, and where there is none to offer. */
export const enSignIn = {
  here: 'Sign in again to go on.',
  elsewhere: 'Go back to the service you came from and sign in from there.',
}
const signInAgain = enSignIn.here
const linkIsWrong =
  'The link that brought you here is not complete or not allowed. Go back to the service you came from and try from there; if it happens again, tell whoever runs it.'
const tryLater =
  'This is not your fault. Wait a minute and try again. If you are signed in already, you stay signed in.'
const clientError = 'The program that sent this request has to be corrected.'

/**
 * What happened, and in one or two plain sentences what the person in front of the browser can do about it. A
 * code that is missing here does not compile.
 */
export const en = {
  bad_query: { title: 'The address is not complete or not readable', advice: linkIsWrong },
  bad_organisation: { title: 'This is not the name of an organisation', advice: linkIsWrong },
  return_url_not_allowed: { title: 'This return address is not allowed', advice: linkIsWrong },
  bad_cookies: {
    title: 'The cookies of this request are malformed',
    advice: 'Delete the cookies of this site in your browser and try again.',
  },
  bad_body: { title: 'The body is not the JSON that is expected', advice: clientError },
  body_too_large: { title: 'The body is too large', advice: clientError },
  not_json: { title: 'The body has to be JSON', advice: clientError },
  bad_rule: { title: 'The rule of this service is not one', advice: clientError },
  not_found: {
    title: 'There is nothing at this address',
    advice: 'Go back to the service you came from and try from there.',
  },

  not_a_navigation: {
    title: 'A login starts in a browser window of its own',
    advice: 'Open the login address in a window or tab.',
  },
  token_missing: { title: 'You are not signed in', advice: signInAgain },
  token_duplicate: {
    title: 'Your browser sent two sessions at once',
    advice: `Neither was trusted, and both have been removed. ${signInAgain}`,
  },
  session_of_another_person: {
    title: 'The session in your browser belongs to somebody else',
    advice: `Another site may have put it there, or somebody else signed in in this browser. ${signInAgain}`,
  },
  token_malformed: { title: 'Your sign-in could not be read', advice: signInAgain },
  token_too_large: {
    title: 'Your sign-in is too large for a browser to keep',
    advice: 'You belong to more groups than a cookie can hold. Tell whoever manages your organisation.',
  },
  token_key_unknown: { title: 'Your sign-in was not signed with a key that is known', advice: signInAgain },
  token_signature: { title: 'The signature of your sign-in does not hold', advice: signInAgain },
  token_claims: { title: 'Your sign-in lacks something it has to say', advice: signInAgain },
  token_purpose: { title: 'This token is not made for signing in', advice: signInAgain },
  token_expired: { title: 'Your session has ended', advice: signInAgain },
  token_from_future: {
    title: 'Your sign-in is dated in the future',
    advice: 'The clock of the identity service is ahead. Wait a minute, then sign in again.',
  },
  token_too_old: { title: 'This sign-in was issued too long ago', advice: signInAgain },
  token_lives_too_long: { title: 'Your sign-in claims to hold for too long', advice: signInAgain },
  token_issuer: { title: 'Your sign-in comes from an unknown issuer', advice: signInAgain },
  token_audience: { title: 'Your sign-in is meant for somebody else', advice: signInAgain },
  token_revoked: {
    title: 'You have been signed out',
    advice:
      'Sign in again to go on. If the sign-in page lets you straight back to this one, sign out there first.',
  },
  subject_signed_out: { title: 'All your sessions have been ended', advice: signInAgain },
  organisation_signed_out: {
    title: 'All sessions of your organisation have been ended',
    advice: signInAgain,
  },
  subject_blocked: { title: 'Your account is blocked', advice: 'Ask whoever manages your organisation.' },
  token_organisation: {
    title: 'Your organisation is blocked or no longer served here',
    advice: 'Ask whoever manages your organisation.',
  },

  login_not_from_this_browser: {
    title: 'This login was not started in this browser',
    advice: `${signInAgain} Cookies have to be allowed for this site, and a login has to end in the browser in which it began, within half an hour.`,
  },
  login_cancelled: {
    title: 'The sign-in was cancelled',
    advice: `You are not signed in. ${signInAgain}`,
  },
  login_refused: {
    title: 'The sign-in page refused the sign-in',
    advice: `${signInAgain} If it is refused again, ask whoever manages your organisation.`,
  },
  login_other_organisation: {
    title: 'You signed in at another organisation',
    advice: `${signInAgain} Choose the organisation you were asked for.`,
  },
  login_loop: {
    title: 'The login goes round in circles',
    advice:
      'You were sent through the login several times within a minute, so it was stopped here. The service you want may not accept your account, or your browser may not keep its cookies. Wait a minute before you try again; if it goes on, tell whoever runs the service.',
  },
  organisation_unknown: {
    title: 'This organisation is not known here',
    advice: 'Check the name of your organisation with whoever gave you the link.',
  },
  organisation_blocked: {
    title: 'This organisation is blocked',
    advice: 'Nobody can sign in at it for now. Whoever manages your organisation can tell you why.',
  },
  foreign_origin: {
    title: 'This request came from another site',
    advice: 'Nothing was changed. Go back to the service you came from and try from there.',
  },
  rule_not_met: {
    title: 'You may not use this service',
    advice: 'You are signed in, but not allowed in here. Ask whoever manages your organisation.',
  },
  unit_not_held: { title: 'You do not belong to this unit', advice: 'Choose one of your own units.' },

  state_missing: { title: 'Signing in is not possible right now', advice: tryLater },
  state_too_old: { title: 'Signing in is not possible right now', advice: tryLater },
  token_key_pending: { title: 'Your sign-in cannot be checked yet', advice: tryLater },
  table_unavailable: { title: 'Your session cannot be checked right now', advice: tryLater },
  internal: { title: 'Something went wrong', advice: 'It has been noted. Wait a minute and try again.' },
} as const satisfies Record<Code, { title: string; advice: string }>

/** For whoever signed out by a form of a page, and is sent nowhere. */
export const enFarewell = {
  title: 'You are signed out',
  advice:
    'Your session has ended. Your organisation may still know you: on a shared computer, sign out there as well, or close the browser.',
}
