/**
 * Mutants that behave like the source, and why, by file. `code`: the beginning of their line. `mutators`:
 * Stryker's names. `to`: the replacement, if a test finds others of the same kind. `npm run mutate` fails
 * when a test finds an excused mutant.
 */
type Excuse = readonly [code: string, mutators: string, why: string, to?: string]

const invalidDefault = 'Both defaults are invalid there.'
const neverMissing = 'Required by the type checker only: the value is never missing.'
const finished = 'Aborting a finished request has no effect.'
const noOtherError = 'The code above throws no other error.'
/** Stryker's replacement for an empty text. */
const text = '"Stryker was here!"'

export const excuses: Readonly<Record<string, readonly Excuse[]>> = {
  'functions/callback/handler.ts': [
    ['const pending = deps.bindings.find', 'StringLiteral', invalidDefault, text],
    ['? jar.clearSession', 'StringLiteral', 'Every value except `all` keeps the cookie of this route.'],
  ],
  'functions/authorize/handler.ts': [['const page', 'StringLiteral', invalidDefault, text]],
  'lib/config.ts': [['if (!(error instanceof', 'ConditionalExpression', noOtherError]],
  'lib/errors/error-response.ts': [
    ["const accept = header('accept')", 'StringLiteral', invalidDefault, text],
    ['const words = preferred', 'StringLiteral', invalidDefault, text],
  ],
  'lib/errors/page.ts': [
    ['export const baseStyle', 'StringLiteral', 'The browser suite tests the style of pages.'],
    ['export const cardStyle', 'StringLiteral', 'The browser suite tests the style of pages.'],
    ['const style', 'StringLiteral', 'The browser suite tests the style of pages.'],
    ['export const escaped', 'StringLiteral', neverMissing],
  ],
  'lib/http/accept.ts': [['const [name', 'StringLiteral', neverMissing, text]],
  'lib/http/messages.ts': [
    [
      'if (headers.some',
      'ConditionalExpression',
      'The rebuilt headers are the same. It only saves time.',
      'true',
    ],
    ['query: query', 'StringLiteral', 'No route reads a parameter of that name.'],
    ['path: (name)', 'StringLiteral', invalidDefault],
    ['/^\\s*bearer(', 'StringLiteral', invalidDefault],
  ],
  'lib/http/query.ts': [
    [
      '} catch {',
      'BlockStatement',
      'Without the return the result is undefined, which also matches nothing.',
      '{}',
    ],
  ],
  'lib/http/request-policy.ts': [
    ['if (purposeHeaders', 'StringLiteral', invalidDefault, text],
    ["!(dest ?? '')", 'StringLiteral', invalidDefault],
  ],
  'lib/http/security-headers.ts': [['const isJson', 'StringLiteral', invalidDefault, text]],
  'lib/lambda/chain.ts': [['if (!on.response) return', 'ConditionalExpression', neverMissing, 'false']],
  'lib/lambda/dependencies.ts': [['const { TABLE_NAME:', 'StringLiteral', neverMissing]],
  'lib/lambda/endpoint.ts': [
    ['const log = logTo', 'StringLiteral', 'An error is logged at every level.'],
    [
      'const request = incoming',
      'StringLiteral ArithmeticOperator',
      'The response depends on neither route nor time.',
    ],
  ],
  'lib/lambda/json-body.ts': [
    ['parser.before', 'OptionalChaining', 'Required by the type checker only: this parser has a `before`.'],
  ],
  'lib/login/login-binding.ts': [
    ['const [value', 'StringLiteral', invalidDefault],
    ['const [, begun', 'StringLiteral ArrayDeclaration', invalidDefault],
  ],
  'lib/login/login-loop.ts': [['const [last', 'StringLiteral', neverMissing, text]],
  'lib/login/start-login.ts': [['organisation?', 'ArrayDeclaration', 'No host is under the added domain.']],
  'lib/redirect/return-url.ts': [
    ['const origin', 'StringLiteral', invalidDefault],
    ['!forbidden.test', 'StringLiteral', invalidDefault, text],
  ],
  'lib/refresh/admin-directory.ts': [
    ['permissions: Array', 'ArrayDeclaration', 'The added element is not the id of a permission.'],
    ["if (name !== '", 'EqualityOperator', 'Equal names are interchangeable.', 'displayName <= other'],
  ],
  'lib/refresh/admin-rows.ts': [
    ['export const compare', 'EqualityOperator', 'The compared texts are never equal.', 'a <= b'],
  ],
  'lib/refresh/ended-subjects.ts': [
    [
      'else await writeLargeItem',
      'ArithmeticOperator',
      'Any version works that differs from that of the first write.',
    ],
  ],
  'lib/refresh/fetch-organisations.ts': [
    ['} catch {', 'BlockStatement', 'A function without a return gives undefined too.'],
  ],
  'lib/refresh/organisations-file.ts': [
    ['if (error instanceof', 'ConditionalExpression', noOtherError, 'true'],
  ],
  'lib/refresh/public-health.ts': [['await answer', 'OptionalChaining', neverMissing]],
  'lib/refresh/refresh-organisations.ts': [
    [
      'run.failures.set(name, { reason:',
      'BooleanLiteral',
      '`isOwnFault` only matters for organisations that were not read.',
      'false',
    ],
    [
      'isOwnFault: true',
      'BooleanLiteral',
      '`isOwnFault` only matters for organisations that were not read.',
      'false',
    ],
    ['if (index.entries', 'ConditionalExpression', 'It only saves time.', 'true'],
    ['if (shrunk !', 'ConditionalExpression', 'Organisations that are not kept are removed.', 'true'],
    ['if (entry.failing', 'ConditionalExpression', 'It only saves time.', 'true'],
  ],
  'lib/refresh/upstream.ts': [
    ['clearTimeout', 'CallExpression', finished],
    ['signal?.removeEventListener', 'CallExpression StringLiteral', finished],
    ['} finally {', 'BlockStatement', finished],
    ['const abort', 'OptionalChaining', 'Required by the type checker only: it runs only with a signal.'],
    ['const late = ()', 'StringLiteral', 'Nothing reads the message.', text],
    ['await new Promise', 'ArithmeticOperator', 'The pause is random.'],
  ],
  'lib/session/authenticate.ts': [['if (!isSignedOut', 'ConditionalExpression', noOtherError, 'false']],
  'lib/session/directory.ts': [
    ['const empty', 'ObjectLiteral', 'Nothing reads the version of the empty directory.'],
  ],
  'lib/session/permissions.ts': [
    ['for (const {', 'ArrayDeclaration', 'The added element has neither a unit nor a role with permissions.'],
    ['const inUnit', 'ConditionalExpression', 'No unit has that name.', 'false'],
  ],
  'lib/session/seal.ts': [
    ['known.set(person', 'CallExpression', 'It only saves time.'],
    ['return others', 'StringLiteral', invalidDefault],
  ],
  'lib/session/session-cookies.ts': [
    ['const [only', 'StringLiteral', neverMissing],
    [
      "request.facts.cookies.push(...jar.clearSession(request.route, 'others",
      'StringLiteral',
      'Every value except `all` keeps the cookie of this route.',
    ],
  ],
  'lib/session/signed-claims.ts': [
    ['const raw =', 'ArrayDeclaration', 'The added element is not a token.', '["Stryker was here"]'],
  ],
  'lib/session/token.ts': [
    [
      'await compactVerify',
      'ObjectLiteral',
      'The algorithm of the key was already compared with that of the token.',
    ],
    ['const [header', 'StringLiteral', invalidDefault, text],
    [
      "typeof value === 'number",
      'EqualityOperator',
      'The maximum lifetime of a token is far below this limit.',
      'value < Number.MAX_SAFE_INTEGER',
    ],
  ],
  'lib/session/units.ts': [['const byName', 'EqualityOperator', 'Names are unique.', 'a.name <= b.name']],
  'lib/state/health.ts': [
    ['if (!/\\bapplication\\/health\\+json\\b/i', 'StringLiteral', invalidDefault, text],
  ],
  'lib/state/key-set.ts': [
    ['const bytes', 'StringLiteral', invalidDefault, text],
    ['() => false,', 'ArrowFunction', 'undefined is also falsy.'],
    ['const candidates', 'ArrayDeclaration', 'The added element is not a valid key.'],
    ['return keys.sort', 'EqualityOperator', 'Key ids are unique.', 'a.kid <= b.kid'],
  ],
  'lib/state/organisation.ts': [
    ['domains: item', 'OptionalChaining', neverMissing, 'item.domains?.L.flatMap'],
  ],
  'lib/store/large-item.ts': [
    ['const pieces = [head', 'OptionalChaining', neverMissing],
    ['for (let from', 'EqualityOperator', 'Without keys there is no read.', 'from <= keys.length'],
    ['pieces.push(', 'OptionalChaining', neverMissing, 'parts.get(part)?.data.B'],
  ],
  'lib/store/table.ts': [
    ['const placeholders', 'ArrayDeclaration', 'Names that no expression uses are left out.'],
    ['const pause', 'ArrowFunction', 'The pause is random.'],
    ['new Promise(', 'ArithmeticOperator', 'The pause is random.'],
    [
      'if (attempt >',
      'ConditionalExpression EqualityOperator CallExpression AwaitExpression',
      'It only changes how long a retry waits.',
    ],
    ['for (const item', 'ArrayDeclaration OptionalChaining StringLiteral', neverMissing],
    ['wanted = (answer', 'OptionalChaining StringLiteral', neverMissing],
  ],
}
