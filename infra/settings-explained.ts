import type { SettingName } from '../lib/config.ts'

/**
 * Descriptions of the settings in `lib/config.ts`, for `docs/settings.md` and for errors. A missing one does
 * not compile.
 */
export const settingsExplained = {
  PUBLIC_URL:
    'Origin at which browsers reach the gateway. Deployed without one, the address of the API itself.',
  IMAS_URL: 'Base address of the identity service.',
  IMAS_LOGIN_PATH: 'Path of the login page at the identity service.',
  IMAS_LOGOUT_PATH:
    'Path at the identity service at which a logout also signs out there. Without it, a logout ends at the gateway.',
  ADMIN_API_URL: 'Base address of the Admin API. Without it, the state has only keys.',
  ORGANISATIONS:
    'Path of a file with the organisations, instead of the Admin API: `identity/organisations.schema.json`.',
  ACCESS_TOKEN_URL:
    'Base address of the Access Token service, from which refresh-state gets its token for the Admin API.',
  COOKIE_NAME: 'Name of the session cookie.',
  COOKIE_DOMAIN:
    'Domain that shares the session cookie. Without it the cookie belongs to the host of PUBLIC_URL.',
  ALLOWED_CALLBACK_ORIGINS:
    'Origins to which a login or logout may return, besides the domains of the organisation. Comma-separated.',
  CORS_ALLOWED_ORIGINS: 'Origins whose pages may call the gateway with credentials. Comma-separated.',
  CORS_ALLOWED_ADDITIONAL_HEADERS:
    'Request headers allowed besides Accept, Authorization, Content-Type and If-None-Match. Comma-separated.',
  INCLUDE_IMID_TOKEN_IN_REQUEST:
    'true: `/authorize` gives a proxy the token of the person as `x-imid-token`, to pass on to its service.',
  STRICT_COOKIE_MODE: 'true: a Cookie header that breaks RFC 6265 is answered 400.',
  AWS_USE_EMPTY_CREDENTIALS: 'true: sign with placeholder credentials, for stand-ins of AWS.',
  TOKEN_ISSUER: 'The `iss` that tokens have to carry, or `unchecked`.',
  TOKEN_AUDIENCE: 'The `aud` that tokens have to carry, or `unchecked`.',
  MAX_TOKEN_AGE: 'Longest life of a token that is trusted (exp - iat), in seconds.',
  LOGIN_MAX_TOKEN_AGE: 'Oldest token that can finish a login, in seconds since its `iat`. Off when not set.',
  GRACE_PERIOD:
    'How long the last good state is used when the identity service is down, in seconds: at least 180, three refreshes.',
  LOGIN_BINDING:
    'off: accept logins that were not started here. This gives up the protection against login CSRF.',
  SESSION_SEAL:
    'off: accept a session cookie no matter who set it. Only where services verify the shared cookie themselves and would disagree.',
  SITE_NAME: 'Name of your installation, shown with the host on pages and in their titles.',
  ERRORS_URL: 'Address at which you publish `docs/errors.html`; error pages link their code there.',
  LOG_LEVEL: 'Lowest level that is logged.',
} as const satisfies Record<SettingName, string>
