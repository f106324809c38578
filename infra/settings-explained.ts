import type { SettingName } from '../lib/config.ts'

/**
 * Descriptions of the settings in `lib/config.ts`, for `docs/settings.md` and for errors. A missing one does
 * not compile.
 */
export const settingsExplained = {
  PUBLIC_URL: 'Origin at which browsers reach the gateway.',
  IMAS_URL: 'Base address of the identity service.',
  IMAS_LOGIN_PATH: 'Path of the login page at the identity service.',
  IMAS_LOGOUT_PATH:
    'Path of the logout at the identity service. Without it, a logout does not sign out there.',
  ADMIN_API_URL: 'Base address of the Admin API. Without it, the state has only keys.',
  ORGANISATIONS:
    'Path of a file with the organisations (`identity/organisations.schema.json`), instead of the Admin API.',
  ACCESS_TOKEN_URL: 'Base address of the Access Token service, which issues the token for the Admin API.',
  COOKIE_NAME: 'Name of the session cookie.',
  COOKIE_DOMAIN:
    'Domain that shares the session cookie. Without it, only the host of PUBLIC_URL gets the cookie.',
  ALLOWED_CALLBACK_ORIGINS:
    'Origins to which a login or logout may return, besides the domains of the organisation. Comma-separated.',
  CORS_ALLOWED_ORIGINS: 'Origins whose pages may call the gateway with credentials. Comma-separated.',
  CORS_ALLOWED_ADDITIONAL_HEADERS:
    'Request headers allowed besides Accept, Authorization, Content-Type and If-None-Match. Comma-separated.',
  INCLUDE_IMID_TOKEN_IN_REQUEST:
    'true: `/authorize` gives proxies the token of the person as `x-imid-token`.',
  STRICT_COOKIE_MODE: 'true: a Cookie header that breaks RFC 6265 is answered 400.',
  AWS_USE_EMPTY_CREDENTIALS: 'true: sign with placeholder credentials, for stand-ins of AWS.',
  TOKEN_ISSUER: 'Required `iss` of tokens, or `unchecked`.',
  TOKEN_AUDIENCE: 'Required `aud` of tokens, or `unchecked`.',
  MAX_TOKEN_AGE: 'Maximum lifetime of a token (exp - iat), in seconds.',
  LOGIN_MAX_TOKEN_AGE:
    'Maximum age of a token at the callback, in seconds since its `iat`. Off when not set.',
  GRACE_PERIOD:
    'Seconds for which the last good state is used when the identity service is down; at least 180.',
  LOGIN_BINDING: 'off: accept logins that were not started here. Gives up the protection against login CSRF.',
  SESSION_SEAL:
    'off: accept a session cookie no matter who set it. For services that verify the shared cookie themselves and would disagree.',
  SITE_NAME: 'Name of your installation, shown on pages.',
  ERRORS_URL: 'URL at which you publish `docs/errors.html`. Error pages link to it.',
  LOG_LEVEL: 'Lowest level that is logged.',
} as const satisfies Record<SettingName, string>
