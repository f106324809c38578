import type { Code } from '../lib/problem.ts'

/** What each failure means and what to do about it, for people who build or run services. `errors.html` is made of it. */

type Explained = Readonly<{ means: string; remedy: string }>

const linkMaker = 'Correct the link that the service makes.'
const wait = 'Wait and try again. Do not start a login: the session may be good.'
const compareSettings =
  'Compare the setting with a token of this identity service. Until they agree nobody can sign in.'
const newLogin = 'Start a login.'

/** One row a code; a code of the catalogue without a row does not compile. */
export const explained = {
  bad_query: {
    means:
      'A parameter is missing, empty, there twice, or not readable as percent-encoded UTF-8. `login` needs `org` and `callback`; `callback` needs `imid_token` and `serviceCallback`.',
    remedy: `${linkMaker} Encode each value once, with \`encodeURIComponent\` or its like. A \`+\` is read as a plus, never as a space.`,
  },
  bad_organisation: {
    means:
      'The name of the organisation is longer than 64 characters or holds something else than letters, digits and `. _ ~ -`, or begins with a dot.',
    remedy: `${linkMaker} Use the organisation's \`name\`, not its \`displayName\` or \`id\`.`,
  },
  return_url_not_allowed: {
    means:
      'The return URL is neither a path on `PUBLIC_URL`, nor https below a return domain of the organisation, nor on an origin of `ALLOWED_CALLBACK_ORIGINS`; or programs could read it in two ways; or it leads back into the login. The log line names the rule as `cause`.',
    remedy:
      'Add the domain to the organisation (`whitelistCallbackUrls`) or the origin to `ALLOWED_CALLBACK_ORIGINS`. Spell it as a browser does: lower case, no default port, no user name, printable ASCII, 2,048 characters at most.',
  },
  bad_cookies: {
    means: '`STRICT_COOKIE_MODE` is on, and the `Cookie` header breaks the grammar of RFC 6265.',
    remedy:
      'Find the service that sets the malformed cookie, or turn the strict mode off: without it such cookies are passed over.',
  },
  bad_body: {
    means:
      'The body is not a JSON object whose `unit` is a string or `null`, or not valid UTF-8, or not the base64 that it is said to be.',
    remedy: 'Send `{"unit":"<name>"}`, or `{"unit":null}` to clear the choice.',
  },
  body_too_large: {
    means: 'The body is larger than 128 KiB.',
    remedy: 'Send the name of one unit and nothing else.',
  },
  not_json: {
    means: 'The `Content-Type` is missing or does not say JSON.',
    remedy: 'Send `Content-Type: application/json`.',
  },
  bad_rule: {
    means:
      'The query of `authorize` is not a rule: a parameter other than `org`, `unit`, `permission`, `sub` and `redirect`, or one that is empty, repeated or not of its form; or `org` is missing. The log line says which as `cause`.',
    remedy:
      'Correct the configuration of the proxy or service that asks. `org=*` means any organisation; a permission reads `service:permission`.',
  },

  not_found: {
    means: 'No route matches this address and method.',
    remedy: 'Correct the address: all routes live under `/imsg-service/v1`.',
  },

  not_a_navigation: {
    means:
      'A login was asked for by a `fetch`, an image, a frame or a prefetch, as Fetch Metadata tells. Nothing was started and no cookie set.',
    remedy:
      'Send the window there: `location.assign(url)`, or a link. The problem document names the address as `login`.',
  },
  token_missing: {
    means: 'The request has neither a bearer token nor the session cookie.',
    remedy: `${newLogin} If the person has just signed in: is the cookie on this host, and does the request send it (\`credentials: 'include'\` from another origin)?`,
  },
  session_of_another_person: {
    means:
      'The session cookie belongs to somebody else than the person who signed in at this gateway: a sibling host planted it, or somebody else signed in at another gateway that shares the cookie.',
    remedy: `${newLogin} It replaces the cookie.`,
  },
  token_duplicate: {
    means:
      'The session cookie came twice, so one of the two may have been planted by a sibling host. Both are taken away in every variant.',
    remedy: `${newLogin} If it comes back, some host sets a cookie of the same name for another domain or path: find it and stop it.`,
  },
  token_malformed: {
    means:
      'The token is not a compact JWS of three canonical base64url parts, is longer than 8,192 characters, or has a header that is not accepted (`crit`, `jwk`, `jku`, `x5c`, `x5u`, `zip`, no `kid`, ...).',
    remedy: 'Send the token as it was issued, character by character, without quotes or white space.',
  },
  token_too_large: {
    means:
      'Name and value of the session cookie are above 4,096 bytes together, which browsers drop in silence.',
    remedy:
      'Make the token smaller at the identity service: fewer groups, shorter names. The gateway cannot split it, since other services read the cookie.',
  },
  token_key_unknown: {
    means:
      'No published key has the `kid` of the token, also after the key set was fetched anew (once a minute at most).',
    remedy: `${newLogin} If it goes on, \`IMAS_URL\` belongs to another installation than the token, or the key was withdrawn.`,
  },
  token_signature: {
    means: 'The signature does not hold, or its algorithm is not the one that the key is made for.',
    remedy: `${newLogin} Many of them at once are an attack or a broken key set: look at the log.`,
  },
  token_claims: {
    means:
      'A claim is missing or of the wrong kind: `sub` and `org` have to be text, `exp` and `iat` whole numbers of seconds, `exp` after `iat`.',
    remedy: 'Compare the token with what the identity service documents.',
  },
  token_purpose: {
    means:
      'The token is of another kind: `ntt` is neither `id_token` nor `access_token`, `typ` is not `JWT`, or an access token came to `callback`.',
    remedy: 'Sign in with an ID token. Access tokens are for calls with a bearer.',
  },
  token_expired: { means: 'The token has run out (`exp`).', remedy: newLogin },
  token_from_future: {
    means: '`iat` or `nbf` lies more than 60 seconds ahead of the clock of the gateway.',
    remedy: 'Set the clock of the identity service right.',
  },
  token_too_old: {
    means: 'The token that came to `callback` was issued longer ago than `LOGIN_MAX_TOKEN_AGE`.',
    remedy:
      'Sign in again. If nobody can, the identity service hands out tokens that it already has: raise the setting, or leave it out.',
  },
  token_lives_too_long: {
    means: 'The token holds for longer than `MAX_TOKEN_AGE` (`exp` minus `iat`).',
    remedy: 'Shorten the life of tokens at the identity service, or raise the setting knowingly.',
  },
  token_issuer: {
    means: '`iss` is not the text of `TOKEN_ISSUER`, letter for letter.',
    remedy: compareSettings,
  },
  token_audience: { means: '`aud` does not hold the text of `TOKEN_AUDIENCE`.', remedy: compareSettings },
  token_revoked: {
    means: 'This session was logged out here.',
    remedy: `${newLogin} When it ends in the same error, the identity service hands out the token that was ended: sign out there too.`,
  },
  subject_signed_out: {
    means: 'All sessions of this person were ended after the token was issued.',
    remedy: newLogin,
  },
  organisation_signed_out: {
    means: 'All sessions of the organisation were ended after the token was issued.',
    remedy: newLogin,
  },
  subject_blocked: {
    means: 'The Admin API lists this person as blocked.',
    remedy: 'Unblock them there; the gateway follows with its next refresh, within about a minute.',
  },
  token_organisation: {
    means: 'The organisation of the token is blocked, or no longer among those of the Admin API.',
    remedy: 'Look it up in the Admin API. Its name there has to be the `org` of the token.',
  },

  login_not_from_this_browser: {
    means:
      'The callback carries no proof of a login that was begun in this browser, organisation and return URL included, and the browser has no good session of the person whom the token names. A shared or bookmarked link, blocked cookies, more than half an hour, or an attempt to sign somebody in under another name.',
    remedy:
      'Begin at the service. If it happens to everybody: do services send browsers straight to the identity service, or is the callback on another host than `PUBLIC_URL`?',
  },
  login_cancelled: {
    means:
      'The identity service came back with `error=access_denied`: the person cancelled, or may not sign in.',
    remedy: newLogin,
  },
  login_refused: {
    means: 'The identity service came back with another `error` (RFC 6749 section 4.1.2.1) and no token.',
    remedy: 'Start the login again. If it stays, look at the log of the identity service at that time.',
  },
  login_other_organisation: {
    means: 'The token belongs to another organisation than the one the login was begun for.',
    remedy: 'Sign in at the right one. A live session of the identity service may have to be ended first.',
  },
  login_loop: {
    means:
      'This browser came back from the identity service five times within a minute for the same return URL, and wants to go again.',
    remedy:
      'Find out why the service does not accept the session: does it read the cookie `COOKIE_NAME`, and is its host below `COOKIE_DOMAIN`? Does it send people who may not enter to the login, rather than to a page that says so?',
  },
  organisation_unknown: {
    means: 'The Admin API lists no organisation of this name.',
    remedy:
      'Check the spelling; names are case-sensitive. A new organisation is known within about a minute.',
  },
  organisation_blocked: {
    means: 'The Admin API lists the organisation as blocked.',
    remedy: 'Unblock it there.',
  },
  foreign_origin: {
    means:
      'A state change came from an origin that is neither `PUBLIC_URL` nor in `CORS_ALLOWED_ORIGINS`, or with a cookie and without any word on its origin.',
    remedy:
      'Add the origin of the page to `CORS_ALLOWED_ORIGINS`. Programs send `Origin: <PUBLIC_URL>`, or the token as a bearer.',
  },
  rule_not_met: {
    means:
      'The person is signed in, and the rule of the service does not hold for them. The log line names the first part that fails (`org`, `sub`, `unit`, `permission`) as `cause`.',
    remedy:
      'Give the person the group that holds the permission, or correct the rule. Do not send them to the login: they are signed in.',
  },
  unit_not_held: {
    means: 'No unit of this name is among those of this person.',
    remedy: 'Offer the units that `GET /units` lists. Names, not display names.',
  },

  state_missing: {
    means: 'The gateway has not loaded its keys and organisations yet.',
    remedy: `${wait} If it stays: look at the log of \`refresh-state\`, which says what it could not read.`,
  },
  state_too_old: {
    means: 'The identity service could not be read for longer than `GRACE_PERIOD`.',
    remedy: `${wait} Whoever runs the gateway: see the [runbook](runbook.md#state-too-old).`,
  },
  token_key_pending: {
    means:
      'No known key has the `kid` of the token, the token may be newer than the keys, and they cannot be fetched: the identity service is away, or the one fetch of this minute was had.',
    remedy: `${wait} The next refresh brings a new key within a minute. If it stays: look at the log of \`refresh-state\`.`,
  },
  table_unavailable: {
    means:
      'The database did not answer in time or refused a call. Nobody was let in and nobody signed out for it.',
    remedy: `${wait} Whoever runs the gateway: see the [runbook](runbook.md#table-throttled).`,
  },
  internal: {
    means: 'A defect of the gateway, or a function that was started with settings it cannot accept.',
    remedy:
      'Report it with the request id. The log line has the name of the error, or the settings to correct.',
  },
} as const satisfies Record<Code, Explained>
