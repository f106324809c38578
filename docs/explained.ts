import type { Code } from '../lib/problem.ts'

/** The meaning of each failure and its remedy, for people who build or run services: `errors.html`. */

type Explained = Readonly<{ means: string; remedy: string }>

const correctLink = 'Correct the link that the service builds.'
const wait = 'Wait and try again. Do not start a login: the session may be valid.'
const compareSettings =
  'Compare the setting with a token of this identity service. Nobody can sign in until they match.'
const newLogin = 'Start a login.'

/** One row for each code. A missing row does not compile. */
export const explained = {
  bad_query: {
    means:
      'A parameter is missing, empty, repeated or not percent-encoded UTF-8. `login` needs `org` and `callback`; `callback` needs `imid_token` and `serviceCallback`.',
    remedy: `${correctLink} Encode each value once, for example with \`encodeURIComponent\`. A \`+\` is a plus sign, not a space.`,
  },
  bad_organisation: {
    means:
      'The name of the organisation is longer than 64 characters, begins with a dot, or contains characters other than letters, digits and `. _ ~ -`.',
    remedy: `${correctLink} Use the organisation's \`name\`, not its \`displayName\` or \`id\`.`,
  },
  return_url_not_allowed: {
    means:
      'The return URL is neither a path on `PUBLIC_URL`, nor https on a return domain of the organisation, nor on an origin of `ALLOWED_CALLBACK_ORIGINS`; or it is ambiguous; or it leads back to the login. The log line has the rule as `cause`.',
    remedy:
      'Add the domain to the organisation (`whitelistCallbackUrls`) or the origin to `ALLOWED_CALLBACK_ORIGINS`. Write it as a browser does: lower case, no default port, no user name, printable ASCII, at most 2,048 characters.',
  },
  bad_cookies: {
    means: '`STRICT_COOKIE_MODE` is on and the `Cookie` header does not follow the grammar of RFC 6265.',
    remedy:
      'Find the service that sets the malformed cookie, or turn strict mode off: malformed cookies are then ignored.',
  },
  bad_body: {
    means:
      'The body is not a JSON object whose `unit` is a string or `null`, or it is not valid UTF-8 or base64.',
    remedy: 'Send `{"unit":"<name>"}`, or `{"unit":null}` to clear the choice.',
  },
  body_too_large: {
    means: 'The body is larger than 128 KiB.',
    remedy: 'Send only the name of one unit.',
  },
  not_json: {
    means: 'The `Content-Type` is missing or is not JSON.',
    remedy: 'Send `Content-Type: application/json`.',
  },
  bad_rule: {
    means:
      'The query of `authorize` is not a valid rule: `org` is missing, or a parameter is unknown, empty, repeated or malformed. The log line has the details as `cause`.',
    remedy:
      'Correct the configuration of the proxy or service. Parameters are `org` (`*`: any), `unit`, `permission` (`service:permission`), `sub` and `redirect`.',
  },

  not_found: {
    means: 'No route has this path and method.',
    remedy: 'Correct the address: all routes are under `/imsg-service/v1`.',
  },

  not_a_navigation: {
    means:
      'A login was requested by a `fetch`, an image, a frame or a prefetch, according to Fetch Metadata. No login was started and no cookie set.',
    remedy:
      'Navigate the window: `location.assign(url)`, or a link. The problem document has the URL as `login`.',
  },
  token_missing: {
    means: 'The request has neither a bearer token nor the session cookie.',
    remedy: `${newLogin} If the person has just signed in: is the cookie set for this host, and is it sent (\`credentials: 'include'\` from another origin)?`,
  },
  session_of_another_person: {
    means:
      'The session cookie does not belong to the person who signed in at this gateway: a sibling host planted it, or somebody else signed in at another gateway that shares the cookie.',
    remedy: `${newLogin} It replaces the cookie.`,
  },
  token_duplicate: {
    means:
      'The browser sent two different session cookies, and one of them may have been planted by a sibling host. Both are cleared.',
    remedy: `${newLogin} If it happens again, another host sets a cookie with the same name for another domain or path. Find it and stop it.`,
  },
  token_malformed: {
    means:
      'The token is not a compact JWS of three canonical base64url parts, is longer than 8,192 characters, or has a header that is not accepted (`crit`, `jwk`, `jku`, `x5c`, `x5u`, `zip`, no `kid`, ...).',
    remedy: 'Send the token exactly as it was issued, without quotes or white space.',
  },
  token_too_large: {
    means: 'Name and value of the session cookie are larger than 4,096 bytes, and browsers would drop it.',
    remedy:
      'Make the token smaller at the identity service: fewer groups, shorter names. The gateway cannot split the cookie, because other services read it.',
  },
  token_key_unknown: {
    means:
      'No published key has the `kid` of the token, even after the key set was fetched again (at most once a minute).',
    remedy: `${newLogin} If it happens again, \`IMAS_URL\` belongs to another installation than the token, or the key was withdrawn.`,
  },
  token_signature: {
    means: 'The signature is invalid, or its algorithm is not the one of the key.',
    remedy: `${newLogin} Many of these at once mean an attack or a broken key set: check the log.`,
  },
  token_claims: {
    means:
      'A claim is missing or has the wrong type: `sub` and `org` must be text, `exp` and `iat` numbers of seconds, and `exp` must be after `iat`.',
    remedy: 'Compare the token with the documentation of the identity service.',
  },
  token_purpose: {
    means:
      'The token is of another type: `ntt` is neither `id_token` nor `access_token`, `typ` is not `JWT`, or `callback` received an access token.',
    remedy: 'Sign in with an ID token. Send access tokens as a bearer.',
  },
  token_expired: { means: 'The token has expired (`exp`).', remedy: newLogin },
  token_from_future: {
    means: '`iat` or `nbf` is more than 60 seconds ahead of the clock of the gateway.',
    remedy: 'Correct the clock of the identity service.',
  },
  token_too_old: {
    means: 'The token at `callback` was issued longer ago than `LOGIN_MAX_TOKEN_AGE`.',
    remedy:
      'Sign in again. If this happens to everybody, the identity service returns tokens that it issued earlier: raise the setting or remove it.',
  },
  token_lives_too_long: {
    means: 'The token is valid for longer than `MAX_TOKEN_AGE` (`exp` minus `iat`).',
    remedy: 'Shorten the lifetime of tokens at the identity service, or raise the setting.',
  },
  token_issuer: {
    means: '`iss` is not exactly `TOKEN_ISSUER`.',
    remedy: compareSettings,
  },
  token_audience: { means: '`aud` does not contain `TOKEN_AUDIENCE`.', remedy: compareSettings },
  token_revoked: {
    means: 'This session was logged out here.',
    remedy: `${newLogin} If it fails again, the identity service returns the token that was logged out: sign out there too.`,
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
    remedy: 'Unblock them there. The gateway follows within about a minute.',
  },
  token_organisation: {
    means:
      'The organisation of the token is blocked or no longer listed in the Admin API or organisations file.',
    remedy: 'Check it there. Its name must be the `org` of the token.',
  },

  login_not_from_this_browser: {
    means:
      'The login was not started in this browser for this return URL, and the browser has no valid session of the person in the token. The link was shared or bookmarked, cookies are blocked, the login took more than half an hour, or somebody tried to sign a person in under another name.',
    remedy:
      'Start at the service. If it happens to everybody: do services link to the identity service directly, or is the callback on another host than `PUBLIC_URL`?',
  },
  login_cancelled: {
    means: 'The identity service returned `error=access_denied`: the person cancelled, or may not sign in.',
    remedy: newLogin,
  },
  login_refused: {
    means: 'The identity service returned another `error` (RFC 6749 section 4.1.2.1) and no token.',
    remedy: 'Start the login again. If it fails again, check the log of the identity service.',
  },
  login_other_organisation: {
    means: 'The token belongs to another organisation than the one the login was started for.',
    remedy: 'Sign in at the right one. You may have to sign out at the identity service first.',
  },
  login_loop: {
    means:
      'This browser has finished five logins for the same page, each within a minute of the last, and starts another.',
    remedy:
      'Find out why the service does not accept the session: does it read the cookie `COOKIE_NAME`, and is its host below `COOKIE_DOMAIN`? Does it send people without access to the login instead of an error page?',
  },
  organisation_unknown: {
    means: 'The Admin API or organisations file has no organisation with this name.',
    remedy:
      'Check the spelling; names are case-sensitive. A new organisation is known within about a minute.',
  },
  organisation_blocked: {
    means: 'The Admin API or organisations file lists the organisation as blocked.',
    remedy: 'Unblock it there.',
  },
  foreign_origin: {
    means:
      'A POST came from an origin that is neither `PUBLIC_URL` nor in `CORS_ALLOWED_ORIGINS`, or had a cookie but neither `Origin` nor `Sec-Fetch-Site`.',
    remedy:
      'Add the origin of the page to `CORS_ALLOWED_ORIGINS`. Programs send `Origin: <PUBLIC_URL>`, or the token as a bearer.',
  },
  rule_not_met: {
    means:
      'The person is signed in but does not meet the rule of the service. The log line has the first part that fails (`org`, `sub`, `unit`, `permission`) as `cause`.',
    remedy:
      'Give the person a group with the permission, or correct the rule. Do not send them to the login: they are signed in.',
  },
  unit_not_held: {
    means: 'The person does not belong to a unit with this name.',
    remedy: 'Offer the units in `GET /units`, by `name`, not by `displayName`.',
  },

  state_missing: {
    means: 'The gateway has not loaded its keys and organisations yet.',
    remedy: `${wait} If it lasts, the log of \`refresh-state\` has the reason.`,
  },
  state_too_old: {
    means: 'The identity service could not be read for longer than `GRACE_PERIOD`.',
    remedy: `${wait} Operators: see the [runbook](runbook.md#state-too-old).`,
  },
  token_key_pending: {
    means:
      'No known key has the `kid` of the token. The token may be newer than the keys, and new keys cannot be fetched now: the identity service is down, or they were already fetched in this minute.',
    remedy: `${wait} The next refresh fetches new keys within a minute. If it lasts, check the log of \`refresh-state\`.`,
  },
  table_unavailable: {
    means: 'The database did not respond in time or refused a call. Nobody was signed in or out.',
    remedy: `${wait} Operators: see the [runbook](runbook.md#table-throttled).`,
  },
  internal: {
    means: 'A bug in the gateway, or a function with invalid settings.',
    remedy: 'Report it with the request id. The log line has the error, or the settings to correct.',
  },
} as const satisfies Record<Code, Explained>
