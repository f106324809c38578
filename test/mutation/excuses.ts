/**
 * Mutants that no test can tell from the source, and why, by file. `code` is how their line begins,
 * `mutators` are names of Stryker, and `to` is what stands there instead, where a test finds others of the
 * same kind. A mutant that a test does find must not be excused: `npm run mutate` says so and fails.
 */
type Excuse = readonly [code: string, mutators: string, why: string, to?: string]

export const excuses: Readonly<Record<string, readonly Excuse[]>> = {
  'functions/callback/handler.ts': [
    [
      'const pending = deps.bindings.find',
      'StringLiteral',
      'Neither text is a proof.',
      '"Stryker was here!"',
    ],
    ['? jar.clearSession', 'StringLiteral', 'Whatever is not `all` spares the own slot.'],
  ],
  'functions/authorize/handler.ts': [
    ['const page', 'StringLiteral', 'Neither text is a return URL.', '"Stryker was here!"'],
  ],
  'lib/config.ts': [['if (!(error instanceof', 'ConditionalExpression', 'Nothing else is thrown there.']],
  'lib/errors/error-response.ts': [
    ["const accept = header('accept')", 'StringLiteral', 'Neither text names a type.', '"Stryker was here!"'],
    ['const words = preferred', 'StringLiteral', 'Neither text names a language.', '"Stryker was here!"'],
  ],
  'lib/errors/page.ts': [
    ['export const baseStyle', 'StringLiteral', 'The look of a page is held by the browser suite.'],
    ['export const cardStyle', 'StringLiteral', 'The look of a page is held by the browser suite.'],
    ['const style', 'StringLiteral', 'The look of a page is held by the browser suite.'],
    ['export const escaped', 'StringLiteral', 'For the type checker: every mark has its entity.'],
  ],
  'lib/http/accept.ts': [
    [
      'const [name',
      'StringLiteral',
      'For the type checker: there is always a first piece.',
      '"Stryker was here!"',
    ],
  ],
  'lib/http/messages.ts': [
    [
      'if (headers.some',
      'ConditionalExpression',
      'Rebuilt headers are the same; it only takes longer.',
      'true',
    ],
    ['query: query', 'StringLiteral', 'Nobody asks for a parameter of that name.'],
    ['path: (name)', 'StringLiteral', 'The text is no name of an organisation either.'],
    ['/^\\s*bearer(', 'StringLiteral', 'The text is no bearer either.'],
  ],
  'lib/http/query.ts': [
    ['} catch {', 'BlockStatement', 'Without a return it gives undefined, which is no match either.', '{}'],
  ],
  'lib/http/request-policy.ts': [
    ['if (purposeHeaders', 'StringLiteral', 'Neither text names a prefetch.', '"Stryker was here!"'],
    ["!(dest ?? '')", 'StringLiteral', 'Neither text names an embedding.'],
  ],
  'lib/http/security-headers.ts': [
    ['const isJson', 'StringLiteral', 'Neither text is a type of JSON.', '"Stryker was here!"'],
  ],
  'lib/lambda/chain.ts': [
    [
      'if (!on.response) return',
      'ConditionalExpression',
      'For the type checker: there is an answer.',
      'false',
    ],
  ],
  'lib/lambda/dependencies.ts': [
    [
      'const { TABLE_NAME:',
      'StringLiteral',
      'For the type checker: the stack sets one variable, Lambda the other.',
    ],
  ],
  'lib/lambda/endpoint.ts': [
    ['const log = logTo', 'StringLiteral', 'An error is logged at every level.'],
    ['const request = incoming', 'StringLiteral ArithmeticOperator', 'Neither shows in the answer.'],
  ],
  'lib/lambda/json-body.ts': [
    ['parser.before', 'OptionalChaining', 'For the type checker: this parser has a `before`.'],
  ],
  'lib/login/login-binding.ts': [
    ['const [value', 'StringLiteral', 'Neither text is a login.'],
    ['const [, begun', 'StringLiteral ArrayDeclaration', 'Neither text is the name of an organisation.'],
  ],
  'lib/login/login-loop.ts': [
    [
      'const [last',
      'StringLiteral',
      'For the type checker: every entry has three parts.',
      '"Stryker was here!"',
    ],
  ],
  'lib/login/start-login.ts': [['organisation?', 'ArrayDeclaration', 'No host has that name.']],
  'lib/redirect/return-url.ts': [
    ['const origin', 'StringLiteral', 'Neither text is a URL.'],
    ['!forbidden.test', 'StringLiteral', 'Neither text has a forbidden character.', '"Stryker was here!"'],
  ],
  'lib/refresh/admin-directory.ts': [
    ['permissions: Array', 'ArrayDeclaration', 'Nobody knows a permission of that id.'],
    ["if (name !== '", 'EqualityOperator', 'Of two equal names either will do.', 'displayName <= other'],
  ],
  'lib/refresh/admin-rows.ts': [
    ['export const compare', 'EqualityOperator', 'It is given different texts.', 'a <= b'],
  ],
  'lib/refresh/ended-subjects.ts': [
    [
      'else await writeLargeItem',
      'ArithmeticOperator',
      'Any version will do that is not that of the first write.',
    ],
  ],
  'lib/refresh/fetch-organisations.ts': [
    ['} catch {', 'BlockStatement', 'A function without a return gives undefined too.'],
  ],
  'lib/refresh/organisations-file.ts': [
    ['if (error instanceof', 'ConditionalExpression', 'Nothing else is thrown there.', 'true'],
  ],
  'lib/refresh/public-health.ts': [
    ['await answer', 'OptionalChaining', 'For the type checker: an answer of 200 has a body.'],
  ],
  'lib/refresh/refresh-organisations.ts': [
    [
      'run.failures.set(name, { reason:',
      'BooleanLiteral',
      'Whose fault it is counts for what is unread alone.',
      'false',
    ],
    ['isOwnFault: true', 'BooleanLiteral', 'Whose fault it is counts for what is unread alone.', 'false'],
    ['if (index.entries', 'ConditionalExpression', 'It only saves time.', 'true'],
    ['if (shrunk !', 'ConditionalExpression', 'What is not kept is removed.', 'true'],
    ['if (entry.failing', 'ConditionalExpression', 'It only saves time.', 'true'],
  ],
  'lib/refresh/upstream.ts': [
    ['clearTimeout', 'CallExpression', 'What is aborted afterwards has ended.'],
    ['signal?.removeEventListener', 'CallExpression StringLiteral', 'What is aborted afterwards has ended.'],
    ['} finally {', 'BlockStatement', 'What is aborted afterwards has ended.'],
    ['const abort', 'OptionalChaining', 'It runs where there is a signal.'],
    ['const late = ()', 'StringLiteral', 'Nobody reads the message.', '"Stryker was here!"'],
    ['await new Promise', 'ArithmeticOperator', 'The pause is random.'],
  ],
  'lib/session/authenticate.ts': [
    ['if (!isSignedOut', 'ConditionalExpression', 'Nothing else is thrown there.', 'false'],
  ],
  'lib/session/directory.ts': [
    ['const empty', 'ObjectLiteral', 'Nobody reads the version of the empty directory.'],
  ],
  'lib/session/permissions.ts': [
    ['for (const {', 'ArrayDeclaration', 'The text has neither a unit nor a role with permissions.'],
    ['const inUnit', 'ConditionalExpression', 'No unit has that name.', 'false'],
  ],
  'lib/session/seal.ts': [
    ['known.set(person', 'CallExpression', 'It only saves time.'],
    ['return others', 'StringLiteral', 'Nobody has either seal.'],
  ],
  'lib/session/session-cookies.ts': [
    ['const [only', 'StringLiteral', 'For the type checker: there is a value.'],
    [
      "request.facts.cookies.push(...jar.clearSession(request.route, 'others",
      'StringLiteral',
      'Whatever is not `all` spares the own slot.',
    ],
  ],
  'lib/session/signed-claims.ts': [
    ['const raw =', 'ArrayDeclaration', 'The text is no token.', '["Stryker was here"]'],
  ],
  'lib/session/token.ts': [
    [
      'await compactVerify',
      'ObjectLiteral',
      "The key's algorithm was compared before; jose is told it all the same.",
    ],
    ['const [header', 'StringLiteral', 'Neither text is base64url.', '"Stryker was here!"'],
    [
      "typeof value === 'number",
      'EqualityOperator',
      'No token may live that long.',
      'value < Number.MAX_SAFE_INTEGER',
    ],
  ],
  'lib/session/units.ts': [['const byName', 'EqualityOperator', 'Names differ.', 'a.name <= b.name']],
  'lib/state/health.ts': [
    [
      'if (!/\\bapplication\\/health\\+json\\b/i',
      'StringLiteral',
      'The default asks for nothing.',
      '"Stryker was here!"',
    ],
  ],
  'lib/state/key-set.ts': [
    ['const bytes', 'StringLiteral', 'Neither text is a sound number.', '"Stryker was here!"'],
    ['() => false,', 'ArrowFunction', 'What is undefined is not sound either.'],
    ['const candidates', 'ArrayDeclaration', 'The text is no sound key.'],
    ['return keys.sort', 'EqualityOperator', 'Names differ.', 'a.kid <= b.kid'],
  ],
  'lib/state/organisation.ts': [
    [
      'domains: item',
      'OptionalChaining',
      'For the type checker: domains are a list.',
      'item.domains?.L.flatMap',
    ],
  ],
  'lib/store/large-item.ts': [
    ['const pieces = [head', 'OptionalChaining', 'For the type checker: every head has data.'],
    ['for (let from', 'EqualityOperator', 'No keys are no read.', 'from <= keys.length'],
    [
      'pieces.push(',
      'OptionalChaining',
      'For the type checker: every part has data.',
      'parts.get(part)?.data.B',
    ],
  ],
  'lib/store/table.ts': [
    ['const placeholders', 'ArrayDeclaration', 'A name that no expression uses is left out.'],
    ['const pause', 'ArrowFunction', 'The pause is random.'],
    ['new Promise(', 'ArithmeticOperator', 'The pause is random.'],
    [
      'if (attempt >',
      'ConditionalExpression EqualityOperator CallExpression AwaitExpression',
      'It only changes how long a retry waits.',
    ],
    [
      'for (const item',
      'ArrayDeclaration OptionalChaining StringLiteral',
      'For the type checker: every item in an answer has its key.',
    ],
    [
      'wanted = (answer',
      'OptionalChaining StringLiteral',
      'For the type checker: every key that is left is a string.',
    ],
  ],
}
