import { deepEqual, ok, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError, readConfig, type SettingName, unchecked } from '../lib/config.ts'
import { each } from './support/each.ts'
import { requiredSettings } from './support/events.ts'

type Given = Readonly<Partial<Record<SettingName, string>>>

const problemsOf = (given: Given): readonly string[] => {
  try {
    readConfig({ ...requiredSettings, ...given })
    return []
  } catch (error) {
    ok(error instanceof ConfigError)
    return error.problems
  }
}

const noUrl = 'has to be an absolute URL.'
const plainHttp = 'has to begin with https:// (plain http is only for localhost).'
const noOrigin = 'has to be an origin: scheme, host and port, nothing after them.'
const wildcard = 'may not contain a wildcard: list each origin.'
const noQuery = 'may not contain a query or fragment.'
const noUser = 'may not contain a user name or password.'
const noName = 'has to be a name without spaces or separators.'
const noDomain = 'has to be a lower-case domain of two labels or more, without a leading dot.'
const noPath = 'has to be a path that contains {org} once.'
const noAddress = 'has to name a host, not an IP address.'
const quoted = 'contains quotation marks: write the value without them.'
const noSiteName = 'has to be a name of up to 60 visible characters.'
const noTokenAge = 'has to be a whole number of seconds between 60 and 34560000.'

describe('An invalid setting', () => {
  // Domains are tested with return domains: `fetch-organisations`.
  each('is reported by name, without its value', [
    ['PUBLIC_URL', 'gw.example.test', noUrl],
    ['PUBLIC_URL', 'http://gw.example.test', plainHttp],
    ['PUBLIC_URL', 'ftp://localhost', plainHttp],
    ['PUBLIC_URL', 'http://localhost.example.test', plainHttp],
    ['PUBLIC_URL', 'http://127.example.test', plainHttp],
    ['PUBLIC_URL', 'http://192.0.2.1', plainHttp],
    ['PUBLIC_URL', 'https://192.0.2.1', noAddress],
    ['PUBLIC_URL', 'https://gw.example.test/', noOrigin],
    ['PUBLIC_URL', 'https://*.example.test', wildcard],
    ['IMAS_URL', 'https://[2001:db8::1]', noAddress],
    ['IMAS_URL', 'https://imas.example.test/v1/jwks/', 'has to be the base address, without /v1/jwks.'],
    ['IMAS_URL', 'https://user@imas.example.test', noUser],
    ['IMAS_URL', 'https://:pass@imas.example.test', noUser],
    ['IMAS_URL', 'https://imas.example.test/?', noQuery],
    ['IMAS_URL', 'https://imas.example.test/a#b', noQuery],
    ['IMAS_URL', '"https://imas.example.test"', quoted],
    ['COOKIE_NAME', "'sid'", quoted],
    ['TOKEN_AUDIENCE', '\u201cgateway\u201d', quoted],
    ['SITE_NAME', '\u2018News', quoted],
    ['SITE_NAME', 'News\u2019', quoted],
    ['IMAS_LOGIN_PATH', 'v1/{org}', noPath],
    ['IMAS_LOGIN_PATH', '/v1/{org}?', noPath],
    ['IMAS_LOGIN_PATH', '/v1/login', noPath],
    ['IMAS_LOGIN_PATH', '/{org}/{org}', noPath],
    ['IMAS_LOGOUT_PATH', '/v1/logout', noPath],
    ['COOKIE_NAME', 'a;b', noName],
    ['COOKIE_NAME', 'a'.repeat(65), noName],
    ['COOKIE_DOMAIN', '.example.test', noDomain],
    ['CORS_ALLOWED_ORIGINS', 'https://a.test,*', `entry 2 ${wildcard}`],
    ['ALLOWED_CALLBACK_ORIGINS', 'https://a.test/x', noOrigin],
    ['CORS_ALLOWED_ADDITIONAL_HEADERS', 'X-A, *', 'entry 2 may not contain a wildcard: list each header.'],
    ['CORS_ALLOWED_ADDITIONAL_HEADERS', 'X A', noName],
    ['STRICT_COOKIE_MODE', 'yes', 'has to be true or false.'],
    ['MAX_TOKEN_AGE', '59', noTokenAge],
    ['MAX_TOKEN_AGE', '34560001', noTokenAge],
    ['MAX_TOKEN_AGE', '1e3', noTokenAge],
    ['MAX_TOKEN_AGE', '0000000060', noTokenAge],
    ['LOGIN_MAX_TOKEN_AGE', '-10', 'has to be a whole number of seconds between 10 and 34560000.'],
    ['GRACE_PERIOD', '179', 'has to be a whole number of seconds between 180 and 604800.'],
    ['LOGIN_BINDING', 'maybe', 'has to be on or off.'],
    ['ERRORS_URL', 'errors', noUrl],
    ['ORGANISATIONS', 'a\0', 'has to be the path of a file.'],
    ['SITE_NAME', 'a'.repeat(61), noSiteName],
    ['SITE_NAME', 'News\u202e', noSiteName],
    ['LOG_LEVEL', 'loud', 'has to be debug or info or warn or error.'],
  ])(([name, value, problem]) => deepEqual(problemsOf({ [name]: value }), [`${name} ${problem}`]))

  it('is reported together with all others, with the purpose of a missing one if known', () => {
    throws(() => readConfig({ LOG_LEVEL: 'loud' }, { IMAS_URL: 'The identity service.' }), {
      name: 'ConfigError',
      message:
        '5 setting(s) to correct:\n- PUBLIC_URL is missing.\n- IMAS_URL is missing. The identity service.\n- TOKEN_ISSUER is missing.\n- TOKEN_AUDIENCE is missing.\n- LOG_LEVEL has to be debug or info or warn or error.',
    })
  })

  each('counts as missing when it is empty or only whitespace', ['', '  '])((IMAS_URL) =>
    deepEqual(problemsOf({ IMAS_URL }), ['IMAS_URL is missing.']),
  )
})

describe('Settings that contradict each other', () => {
  const noParent =
    'COOKIE_DOMAIN has to be the host of PUBLIC_URL or a parent of it, or browsers refuse the cookie.'
  const hostOnly =
    'COOKIE_NAME begins with __Host-, which browsers refuse together with COOKIE_DOMAIN. Remove one of them.'
  const twoSources =
    'ORGANISATIONS and ADMIN_API_URL both name a source of organisations. Remove one of them.'
  const noTokens = 'ACCESS_TOKEN_URL is missing: ADMIN_API_URL can only be read with a token from there.'
  const issuer = 'TOKEN_ISSUER is PUBLIC_URL: the identity service issues tokens, not the gateway.'
  const atGateway = 'IMAS_URL is at PUBLIC_URL: name the identity service, not the gateway.'
  const swapped =
    'TOKEN_ISSUER and TOKEN_AUDIENCE are swapped: the identity service issues tokens for the gateway.'
  const [gateway, imas] = [requiredSettings.PUBLIC_URL, requiredSettings.IMAS_URL]
  const [admin, tokens] = ['https://admin.example.test', 'https://token.example.test']

  each<readonly [Given, readonly string[]]>('are refused', [
    [{ COOKIE_DOMAIN: 'other.test' }, [noParent]],
    [{ PUBLIC_URL: 'https://gwexample.test', COOKIE_DOMAIN: 'example.test' }, [noParent]],
    [{ COOKIE_DOMAIN: 'gw.example.test' }, []],
    [{ COOKIE_DOMAIN: 'example.test' }, []],
    [{ PUBLIC_URL: 'none', COOKIE_DOMAIN: 'example.test' }, [`PUBLIC_URL ${noUrl}`]],
    [{ COOKIE_DOMAIN: 'example.test', COOKIE_NAME: '__HOST-sid' }, [hostOnly]],
    [{ COOKIE_NAME: '__Host-sid' }, []],
    [{ COOKIE_DOMAIN: 'example.test', COOKIE_NAME: 'a;b' }, [`COOKIE_NAME ${noName}`]],
    [{ ADMIN_API_URL: admin }, [noTokens]],
    [{ ACCESS_TOKEN_URL: tokens }, []],
    [{ ADMIN_API_URL: admin, ACCESS_TOKEN_URL: tokens, ORGANISATIONS: 'orgs.json' }, [twoSources]],
    [{ ORGANISATIONS: 'orgs.json' }, []],
    [{ PUBLIC_URL: '', TOKEN_ISSUER: '' }, ['PUBLIC_URL is missing.', 'TOKEN_ISSUER is missing.']],
    [{ IMAS_URL: `${gateway}/base` }, [atGateway]],
    [{ TOKEN_ISSUER: `${gateway}//` }, [issuer]],
    [{ TOKEN_ISSUER: gateway, TOKEN_AUDIENCE: `${imas}/` }, [swapped]],
    [{ TOKEN_ISSUER: gateway, TOKEN_AUDIENCE: imas, IMAS_URL: `${imas}/` }, [swapped]],
    [{ TOKEN_ISSUER: imas, TOKEN_AUDIENCE: gateway }, []],
  ])(([given, problems]) => deepEqual(problemsOf(given), problems))
})

describe('Valid settings', () => {
  const standardHeaders = ['Accept', 'Authorization', 'Content-Type', 'If-None-Match']
  it('have defaults', () => {
    deepEqual(readConfig(requiredSettings), {
      publicUrl: 'https://gw.example.test',
      loopback: false,
      imasUrl: 'https://imas.example.test',
      imasLoginPath: '/v1/org/{org}/login',
      adminApiUrl: undefined,
      imasLogoutPath: undefined,
      organisationsFile: undefined,
      accessTokenUrl: undefined,
      cookieName: 'imidToken',
      cookieDomain: undefined,
      callbackOrigins: [],
      corsOrigins: [],
      corsHeaders: standardHeaders,
      includeToken: false,
      sessionSeal: true,
      strictCookies: false,
      emptyCredentials: false,
      issuer: unchecked,
      audience: unchecked,
      maxTokenAge: 604_800,
      loginMaxTokenAge: Number.POSITIVE_INFINITY,
      gracePeriod: 3600,
      loginBinding: true,
      siteName: undefined,
      errorsUrl: undefined,
      logLevel: 'info',
    })
  })

  const [a, b] = ['https://a.test', 'https://b.test:8443']
  each('are parsed', [
    ['PUBLIC_URL', ' https://gw.example.test ', 'publicUrl', 'https://gw.example.test'],
    ['PUBLIC_URL', 'http://localhost:3000', 'loopback', true],
    ['PUBLIC_URL', 'http://app.localhost', 'loopback', true],
    ['PUBLIC_URL', 'http://127.1.20.255', 'loopback', true],
    ['PUBLIC_URL', 'http://[::1]:3000', 'loopback', true],
    ['PUBLIC_URL', 'https://localhost', 'loopback', false],
    ['IMAS_URL', 'https://imas.example.test/base//', 'imasUrl', 'https://imas.example.test/base'],
    ['IMAS_LOGIN_PATH', '/a.b-c_d~e/{org}', 'imasLoginPath', '/a.b-c_d~e/{org}'],
    ['IMAS_LOGOUT_PATH', '/{org}/logout', 'imasLogoutPath', '/{org}/logout'],
    ['ORGANISATIONS', 'orgs.json', 'organisationsFile', 'orgs.json'],
    ['COOKIE_NAME', "!#$%&'*+-.^_`|~09AZaz", 'cookieName', "!#$%&'*+-.^_`|~09AZaz"],
    ['COOKIE_NAME', 'a'.repeat(64), 'cookieName', 'a'.repeat(64)],
    ['COOKIE_DOMAIN', 'example.test', 'cookieDomain', 'example.test'],
    ['ALLOWED_CALLBACK_ORIGINS', ` ${a} ,, ${b},`, 'callbackOrigins', [a, b]],
    ['CORS_ALLOWED_ORIGINS', 'http://localhost:5173', 'corsOrigins', ['http://localhost:5173']],
    // Added to the standard headers.
    ['CORS_ALLOWED_ADDITIONAL_HEADERS', 'X-A, x-b', 'corsHeaders', [...standardHeaders, 'X-A', 'x-b']],
    ['INCLUDE_IMID_TOKEN_IN_REQUEST', 'true', 'includeToken', true],
    ['STRICT_COOKIE_MODE', 'true', 'strictCookies', true],
    ['AWS_USE_EMPTY_CREDENTIALS', 'true', 'emptyCredentials', true],
    ['TOKEN_ISSUER', 'https://imas.example.test/', 'issuer', 'https://imas.example.test/'],
    ['TOKEN_AUDIENCE', 'gateway', 'audience', 'gateway'],
    ['MAX_TOKEN_AGE', '60', 'maxTokenAge', 60],
    ['MAX_TOKEN_AGE', '34560000', 'maxTokenAge', 34_560_000],
    ['LOGIN_MAX_TOKEN_AGE', '10', 'loginMaxTokenAge', 10],
    ['GRACE_PERIOD', '604800', 'gracePeriod', 604_800],
    ['LOGIN_BINDING', 'off', 'loginBinding', false],
    ['SESSION_SEAL', 'off', 'sessionSeal', false],
    ['ERRORS_URL', 'https://docs.example.test/e.html', 'errorsUrl', 'https://docs.example.test/e.html'],
    ['SITE_NAME', "Österåker’s & Hawai‘i's", 'siteName', "Österåker’s & Hawai‘i's"],
    ['LOG_LEVEL', 'debug', 'logLevel', 'debug'],
  ])(([name, value, member, expected]) =>
    deepEqual(readConfig({ ...requiredSettings, [name]: value })[member], expected),
  )
})
