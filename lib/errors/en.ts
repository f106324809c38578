import type { Code } from '../problem.ts'

/**
 * Every text of a page in English, which is also the language of problem documents and of the documentation. The
 * shape of this object is the shape of every language.
 */

type Text = Readonly<{ title: string; advice: string }>

const signIn = {
  here: 'Sign in again to go on.',
  elsewhere: 'Go back to the service you came from and sign in from there.',
}
const signInAgain = signIn.here
const linkIsWrong =
  'The link that brought you here is not complete or not allowed. Go back to the service you came from and try from there; if it happens again, tell whoever runs it.'
const tryLater =
  'This is not your fault. Wait a minute and try again. If you are signed in already, you stay signed in.'
const clientError = 'The program that sent this request has to be corrected.'
const tellOrganisation = 'Tell whoever manages your organisation, and give them the code below.'

export const en = {
  /** RFC 5646. */
  language: 'en',

  labels: {
    signIn: 'Sign in again',
    retry: 'Try again',
    help: 'If you ask somebody for help, give them this:',
    code: 'Code',
    request: 'Request',
  },

  /** Said beside a button that starts a login, and where there is none to offer. */
  signIn,

  /** For whoever opens the address of the gateway itself. */
  start: {
    title: 'You sign in here when a service asks you to',
    advice:
      'There is nothing to do on this page. Open the service you want to use: it brings you here when you have to sign in.',
  },

  /** For whoever signed out by a form of a page, and is sent nowhere. */
  farewell: {
    title: 'You are signed out',
    advice:
      'Your session has ended. Your organisation may still know you: on a shared computer, sign out there as well, or close the browser.',
  },

  /** What happened, and in one or two plain sentences what the person can do about it. */
  failures: {
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
  } satisfies Record<Code, Text>,

  /** The texts of the optional identity service (`identity/`), here so that a language is one file. */
  identity: {
    failures: {
      callback_not_allowed: {
        title: 'This sign-in was not asked for by a gateway of ours',
        advice: 'Go back to the service you came from and sign in from there.',
      },
      logout_from_elsewhere: {
        title: 'Another site asked to sign you out',
        advice: 'You are still signed in. To sign out, use the service you are signed in to.',
      },
      logout_token_refused: {
        title: 'The logout token was refused',
        advice: 'The provider that sent this request has to be checked.',
      },
      provider_unavailable: {
        title: 'The sign-in of your organisation does not answer',
        advice:
          'This is not your fault. Wait a minute and try again. If you are signed in already, you stay signed in.',
      },
      provider_misconfigured: {
        title: 'The sign-in of your organisation is not set up correctly',
        advice: tellOrganisation,
      },
      provider_answer_refused: {
        title: 'The answer of your organisation’s sign-in could not be trusted',
        advice: `You were not signed in. Try once more; if it happens again: ${tellOrganisation}`,
      },
      code_refused: {
        title: 'This sign-in has run out or was used already',
        advice: 'Sign in again to go on.',
      },
      person_not_allowed: {
        title: 'Your account may not sign in here',
        advice: `You signed in, but not with an account that this organisation lets in. ${tellOrganisation}`,
      },
      groups_overage: {
        title: 'You belong to more groups than the sign-in can tell us',
        advice:
          'Your provider left the groups out because there are too many. Whoever manages it has to send only the groups that are assigned to this application.',
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
        advice: 'Your organisation’s sign-in was asked to sign you out too.',
      },
      notThere: {
        title: 'You are signed out here, but not at your organisation',
        advice:
          'The sign-in of your organisation cannot be asked to sign you out. On a shared computer, sign out there as well or close the browser.',
      },
    },
  },
}

type Like<T> = T extends string ? string : { readonly [Key in keyof T]: Like<T[Key]> }

/** Every text of one language. */
export type Words = Like<typeof en>
