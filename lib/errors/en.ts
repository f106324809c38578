import type { Code } from '../problem.ts'

/**
 * The English texts, also used in problem documents and the documentation. Every language has these members.
 */

type Text = Readonly<{ title: string; advice: string }>

const signIn = {
  here: 'Sign in again to continue.',
  elsewhere: 'Go back to the service you came from and sign in from there.',
}
const signInAgain = signIn.here
const linkIsWrong =
  'The link that brought you here is incomplete or not allowed. Go back to the service you came from and try again from there. If it happens again, tell the people who run it.'
const tryLater =
  'This is not your fault. Wait a minute and try again. If you are already signed in, you stay signed in.'
const clientError = 'There is an error in the program that sent this request.'
const tellOrganisation = 'Tell your organisation’s administrator, and give them the code below.'
const ifAgain = 'If it happens again, tell your organisation’s administrator, and give them the code below.'

/** All English texts. */
export const en = {
  /** RFC 5646. */
  language: 'en',

  labels: {
    signIn: 'Sign in again',
    retry: 'Try again',
    help: 'If you ask for help, include this:',
    code: 'Code',
    request: 'Request',
  },

  /** With a button that starts a login, and without one. */
  signIn,

  /** The page at `/`. */
  start: {
    title: 'You sign in here when a service asks you to',
    advice:
      'There is nothing to do on this page. Open the service you want to use: it brings you here when you need to sign in.',
  },

  /** The page after a logout without a redirect. */
  loggedOut: {
    title: 'You are signed out',
    advice:
      'Your session has ended. You may still be signed in at your organisation. On a shared computer, sign out there too or close the browser.',
  },

  /** The title says what happened, the advice what the person can do. */
  failures: {
    bad_query: { title: 'The address is incomplete or cannot be read', advice: linkIsWrong },
    bad_organisation: { title: 'This is not a valid organisation name', advice: linkIsWrong },
    return_url_not_allowed: { title: 'This return address is not allowed', advice: linkIsWrong },
    bad_cookies: {
      title: 'Your browser sent invalid cookies',
      advice: 'Delete the cookies of this site and try again.',
    },
    bad_body: { title: 'The request body is not the expected JSON', advice: clientError },
    body_too_large: { title: 'The request body is too large', advice: clientError },
    not_json: { title: 'The request body must be JSON', advice: clientError },
    bad_rule: { title: 'The access rule of this service is not valid', advice: clientError },
    not_found: {
      title: 'There is nothing at this address',
      advice: 'Go back to the service you came from and try again from there.',
    },

    not_a_navigation: {
      title: 'A login has to open in its own window',
      advice: 'Open the login address in a window or tab.',
    },
    token_missing: { title: 'You are not signed in', advice: signInAgain },
    token_duplicate: {
      title: 'Your browser sent two sessions at once',
      advice: `Neither was trusted, and both have been removed. ${signInAgain}`,
    },
    session_of_another_person: {
      title: 'The session in your browser belongs to somebody else',
      advice: `Another site may have put it there, or somebody else may have signed in with this browser. ${signInAgain}`,
    },
    token_malformed: { title: 'Your sign-in could not be read', advice: signInAgain },
    token_too_large: {
      title: 'Your sign-in is too large for a browser to keep',
      advice: 'You belong to more groups than fit into a cookie. Tell your organisation’s administrator.',
    },
    token_key_unknown: { title: 'Your sign-in was signed with an unknown key', advice: signInAgain },
    token_signature: { title: 'We could not verify your sign-in', advice: signInAgain },
    token_claims: { title: 'We could not verify your sign-in', advice: signInAgain },
    token_purpose: { title: 'This token cannot be used to sign in', advice: signInAgain },
    token_expired: { title: 'Your session has ended', advice: signInAgain },
    token_from_future: {
      title: 'Your sign-in is dated in the future',
      advice: 'The clock of the identity service is ahead. Wait a minute, then sign in again.',
    },
    token_too_old: { title: 'This sign-in was issued too long ago', advice: signInAgain },
    token_lives_too_long: { title: 'Your sign-in is valid for too long', advice: signInAgain },
    token_issuer: { title: 'We could not verify your sign-in', advice: signInAgain },
    token_audience: { title: 'Your sign-in was issued for another service', advice: signInAgain },
    token_revoked: {
      title: 'You have been signed out',
      advice:
        'Sign in again to continue. If the sign-in page sends you straight back here, sign out there first.',
    },
    subject_signed_out: { title: 'You have been signed out everywhere', advice: signInAgain },
    organisation_signed_out: {
      title: 'Everybody in your organisation has been signed out',
      advice: signInAgain,
    },
    subject_blocked: { title: 'Your account is blocked', advice: 'Ask your organisation’s administrator.' },
    token_organisation: {
      title: 'Your organisation is blocked or no longer available here',
      advice: 'Ask your organisation’s administrator.',
    },

    login_not_from_this_browser: {
      title: 'This login was not started in this browser',
      advice: `${signInAgain} Allow cookies for this site, and finish the login within half an hour, in the browser where you started it.`,
    },
    login_cancelled: {
      title: 'The sign-in was cancelled',
      advice: `You are not signed in. ${signInAgain}`,
    },
    login_refused: {
      title: 'The sign-in page refused your sign-in',
      advice: `${signInAgain} If it happens again, ask your organisation’s administrator.`,
    },
    login_other_organisation: {
      title: 'You signed in at another organisation',
      advice: `${signInAgain} Choose the organisation you were asked for.`,
    },
    login_loop: {
      title: 'The login keeps repeating',
      advice:
        'You went through the login several times within a minute, so it was stopped. The service may not accept your account, or your browser may not keep its cookies. Wait a minute before you try again. If it keeps happening, tell the people who run the service.',
    },
    organisation_unknown: {
      title: 'This organisation is not known here',
      advice: 'Check the name of your organisation with the person who gave you the link.',
    },
    organisation_blocked: {
      title: 'This organisation is blocked',
      advice: 'Nobody can sign in to it right now. Your organisation’s administrator can tell you why.',
    },
    foreign_origin: {
      title: 'This request came from another site',
      advice: 'Nothing was changed. Go back to the service you came from and try again from there.',
    },
    rule_not_met: {
      title: 'You do not have access to this service',
      advice: 'You are signed in, but you are not allowed to use it. Ask your organisation’s administrator.',
    },
    unit_not_held: { title: 'You do not belong to this unit', advice: 'Choose one of your own units.' },

    state_missing: { title: 'Signing in is not possible right now', advice: tryLater },
    state_too_old: { title: 'Signing in is not possible right now', advice: tryLater },
    token_key_pending: { title: 'Your sign-in cannot be checked yet', advice: tryLater },
    table_unavailable: { title: 'Your session cannot be checked right now', advice: tryLater },
    internal: {
      title: 'Something went wrong',
      advice: 'The error has been logged. Wait a minute and try again.',
    },
  } satisfies Record<Code, Text>,

  /** The texts of the optional identity service (`identity/`), here so that a language is one file. */
  identity: {
    failures: {
      callback_not_allowed: {
        title: 'This sign-in was not requested by a known gateway',
        advice: 'Go back to the service you came from and sign in from there.',
      },
      logout_from_elsewhere: {
        title: 'Another site asked to sign you out',
        advice: 'You are still signed in. To sign out, use the service you are signed in to.',
      },
      logout_token_refused: {
        title: 'The logout token was refused',
        advice: 'Check the provider that sent this request.',
      },
      provider_unavailable: {
        title: 'Your organisation’s sign-in is not responding',
        advice:
          'This is not your fault. Wait a minute and try again. If you are already signed in, you stay signed in.',
      },
      provider_misconfigured: {
        title: 'Your organisation’s sign-in is not set up correctly',
        advice: tellOrganisation,
      },
      provider_answer_refused: {
        title: 'We could not verify the response from your organisation’s sign-in',
        advice: `You were not signed in. Try again. ${ifAgain}`,
      },
      code_refused: {
        title: 'This sign-in has expired or was already used',
        advice: 'Sign in again to continue.',
      },
      person_not_allowed: {
        title: 'Your account may not sign in here',
        advice: `You signed in, but this organisation does not accept your account. ${tellOrganisation}`,
      },
      groups_overage: {
        title: 'You belong to too many groups to sign in',
        advice:
          'Your organisation’s provider leaves out the groups of people who have too many. Ask its administrator to send only the groups that are assigned to this application.',
      },
      signing_unavailable: {
        title: 'You cannot be signed in right now',
        advice: 'This is not your fault. Wait a minute and try again.',
      },
    },

    /** After a logout. They promise that the provider was asked, not more: people may decline there. */
    signedOut: {
      asked: {
        title: 'You are signed out here',
        advice: 'Your organisation’s sign-in was also asked to sign you out.',
      },
      notThere: {
        title: 'You are signed out here, but not at your organisation',
        advice:
          'Your organisation’s sign-in cannot sign you out from here. On a shared computer, sign out there too or close the browser.',
      },
    },
  },
}

type Like<T> = T extends string ? string : { readonly [Key in keyof T]: Like<T[Key]> }

/** Every text of one language. */
export type Words = Like<typeof en>
