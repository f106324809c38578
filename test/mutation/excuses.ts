/**
 * Mutants that no test can tell from the source, and why. `code` is how the line begins on which they stand; `to`, what stands there
 * instead, where a test finds others of the same kind. A mutant that a test does find must not be excused: `npm run mutate` says so
 * and fails.
 */
export type Excuse = Readonly<{
  file: string
  code: string
  mutators: readonly string[]
  to?: readonly string[]
  why: string
}>

export const excuses: readonly Excuse[] = [
  {
    file: 'lib/config.ts',
    code: 'if (!(error instanceof Wrong)) throw error',
    mutators: ['ConditionalExpression'],
    why: 'Nothing else is thrown there.',
  },
  {
    file: 'lib/config.ts',
    code: 'isPublicSuffix: (domain: string) => boolean = () => false,',
    mutators: ['ArrowFunction'],
    why: 'A function that returns undefined refuses nothing either.',
  },
  {
    file: 'lib/errors/page.ts',
    code: 'export const look = `',
    mutators: ['StringLiteral'],
    why: 'The look of a page is held by the browser suite.',
  },
  {
    file: 'lib/errors/page.ts',
    code: 'export const card = `',
    mutators: ['StringLiteral'],
    why: 'The look of a page is held by the browser suite.',
  },
  {
    file: 'lib/errors/page.ts',
    code: 'const style =',
    mutators: ['StringLiteral'],
    why: 'The look of a page is held by the browser suite.',
  },
  {
    file: 'lib/errors/page.ts',
    code: "export const escaped = (text: string): string => text.replace(/[&<>\"']/g, (mark) => entities[mark] ?? '')",
    mutators: ['StringLiteral'],
    why: 'The default is for the type: every mark has its entity.',
  },
  {
    file: 'lib/errors/page.ts',
    code: '\'<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="currentColor"/><g fill="none" stroke="var(--card)" stroke-width="3" stroke-linecap="round"><path d="M9 25V14a7 7 0 0 1 14 0v11"/><path d="M16 19v0"/></g></svg>\'',
    mutators: ['StringLiteral'],
    why: 'The picture is decoration.',
  },
  {
    file: 'lib/http/accept.ts',
    code: "const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())",
    mutators: ['StringLiteral'],
    why: 'The default is for the type: there is always a first piece.',
  },
  {
    file: 'lib/http/messages.ts',
    code: 'if (headers.some(([name]) => name !== name.toLowerCase()))',
    mutators: ['ConditionalExpression'],
    why: 'Rebuilt headers are the same; it only takes longer.',
  },
  {
    file: 'lib/http/messages.ts',
    code: "query: query(event.rawQueryString ?? ''),",
    mutators: ['StringLiteral'],
    why: 'Nobody asks for a parameter of that name.',
  },
  {
    file: 'lib/http/messages.ts',
    code: "path: (name) => event.pathParameters?.[name] ?? '',",
    mutators: ['StringLiteral'],
    why: 'The text is no name of an organisation either.',
  },
  {
    file: 'lib/http/messages.ts',
    code: "/^\\s*bearer(?: +|(?![\\w-]))(.*)/is.exec(authorization ?? '')?.[1]",
    mutators: ['StringLiteral'],
    why: 'The text is no bearer either.',
  },
  {
    file: 'lib/lambda/dependencies.ts',
    code: "const { TABLE_NAME: tableName, REFRESH_FUNCTION: refreshFunction = '', AWS_REGION: region = '' } = env",
    mutators: ['StringLiteral'],
    why: 'The defaults are for the types: the stack sets one variable, Lambda the other.',
  },
  {
    file: 'lib/lambda/dependencies.ts',
    code: "...(emptyCredentials ? { credentials: { accessKeyId: 'empty', secretAccessKey: 'empty' } } : {}),",
    mutators: ['StringLiteral'],
    why: 'Any placeholder will do.',
  },
  {
    file: 'lib/lambda/endpoint.ts',
    code: "const log = logTo('error')",
    mutators: ['StringLiteral'],
    why: 'An error is logged at every level.',
  },
  {
    file: 'lib/lambda/json-body.ts',
    code: "if (typeof body !== 'string') return undefined",
    mutators: ['ConditionalExpression'],
    why: 'No body is no JSON, however it is read.',
  },
  {
    file: 'lib/lambda/json-body.ts',
    code: 'parser.before?.(request)',
    mutators: ['OptionalChaining'],
    why: 'The optional call is for the type: this parser has a `before`.',
  },
  {
    file: 'lib/login/login-binding.ts',
    code: "const [value = '', second] = request.cookies.values(cookie)",
    mutators: ['StringLiteral'],
    why: 'Neither text is a login.',
  },
  {
    file: 'lib/login/login-binding.ts',
    code: "const [, begun = '', org = '', sum = ''] = match ?? []",
    mutators: ['StringLiteral', 'ArrayDeclaration'],
    why: 'Neither text is the name of an organisation.',
  },
  {
    file: 'lib/login/login-loop.ts',
    code: "const [last = '', page = '', times = ''] = text.split('!')",
    mutators: ['StringLiteral'],
    why: 'The defaults are for the types: every entry has three parts.',
  },
  {
    file: 'lib/redirect/return-url.ts',
    code: "const origin = /^https?:\\/\\/[^/?#]*/.exec(input)?.[0] ?? ''",
    mutators: ['StringLiteral'],
    why: 'Neither text is a URL.',
  },
  {
    file: 'lib/refresh/admin-directory.ts',
    code: 'permissions: Array.isArray(role.permissions) ? role.permissions.map(text) : [],',
    mutators: ['ArrayDeclaration'],
    why: 'Nobody knows a permission of that id.',
  },
  {
    file: 'lib/refresh/admin-directory.ts',
    code: "if (name !== '' && (other === undefined || displayName < other))",
    mutators: ['EqualityOperator'],
    to: ['displayName <= other'],
    why: 'Of two equal names either will do.',
  },
  {
    file: 'lib/refresh/admin-rows.ts',
    code: 'export const compare =',
    mutators: ['EqualityOperator'],
    to: ['a <= b'],
    why: 'It is given different texts.',
  },
  {
    file: 'lib/refresh/fetch-organisations.ts',
    code: '} catch {',
    mutators: ['BlockStatement'],
    why: 'A function without a return gives undefined too.',
  },
  {
    file: 'lib/refresh/organisations-file.ts',
    code: 'if (error instanceof UnusableData) return [error.message]',
    mutators: ['ConditionalExpression'],
    to: ['true'],
    why: 'Nothing else is thrown there.',
  },
  {
    file: 'lib/refresh/public-health.ts',
    code: 'await answer.body?.cancel()',
    mutators: ['OptionalChaining'],
    why: 'The optional call is for the type: an answer of 200 has a body.',
  },
  {
    file: 'lib/refresh/upstream.ts',
    code: 'clearTimeout(timer)',
    mutators: ['CallExpression'],
    why: 'What is aborted afterwards has ended.',
  },
  {
    file: 'lib/refresh/upstream.ts',
    code: "signal?.removeEventListener('abort', abort)",
    mutators: ['CallExpression', 'OptionalChaining', 'StringLiteral'],
    why: 'What is aborted afterwards has ended.',
  },
  {
    file: 'lib/refresh/upstream.ts',
    code: 'await new Promise((resolve) => setTimeout(resolve, retryPause * (0.5 + Math.random())))',
    mutators: ['ArithmeticOperator'],
    why: 'The pause is random.',
  },
  {
    file: 'lib/session/authenticate.ts',
    code: 'if (!isSignedOut(error)) throw error',
    mutators: ['ConditionalExpression'],
    to: ['false'],
    why: 'Nothing else is thrown there.',
  },
  {
    file: 'lib/session/permissions.ts',
    code: 'for (const { unit, role } of groups.flatMap(',
    mutators: ['ArrayDeclaration'],
    why: 'The text has neither a unit nor a role with permissions.',
  },
  {
    file: 'lib/session/permissions.ts',
    code: 'const inUnit = unit === undefined',
    mutators: ['ConditionalExpression'],
    to: ['false'],
    why: 'No unit has that name.',
  },
  {
    file: 'lib/session/seal.ts',
    code: 'known.set(person, seal)',
    mutators: ['CallExpression'],
    why: 'It only saves time.',
  },
  {
    file: 'lib/session/seal.ts',
    code: "return others.length > 0 ? '' : seal",
    mutators: ['StringLiteral'],
    why: 'Nobody has either seal.',
  },
  {
    file: 'lib/session/session-cookies.ts',
    code: "const [only = '', ...others] = values",
    mutators: ['StringLiteral'],
    why: 'The default is for the type: there is a value.',
  },
  {
    file: 'lib/session/session-cookies.ts',
    code: "request.facts.cookies.push(...jar.clearSession(request.route, 'others'))",
    mutators: ['StringLiteral'],
    why: 'Whatever is not `all` spares the own slot.',
  },
  {
    file: 'lib/session/signed-claims.ts',
    code: 'const raw = [request.bearer ?? [],',
    mutators: ['ArrayDeclaration'],
    to: ['["Stryker was here"]'],
    why: 'The text is no token.',
  },
  {
    file: 'lib/session/token.ts',
    code: 'await compactVerify(raw, key, { algorithms: [algorithm] })',
    mutators: ['ObjectLiteral'],
    why: "The key's algorithm was compared before; jose is told it all the same.",
  },
  {
    file: 'lib/session/token.ts',
    code: "const [header = '', payload = '', signature = '', ...more] = raw.split('.')",
    mutators: ['StringLiteral'],
    why: 'Neither text is base64url.',
  },
  {
    file: 'lib/session/token.ts',
    code: "typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER",
    mutators: ['EqualityOperator'],
    to: ['value < Number.MAX_SAFE_INTEGER'],
    why: 'No token may live that long.',
  },
  {
    file: 'lib/session/units.ts',
    code: 'const byName =',
    mutators: ['EqualityOperator'],
    to: ['a.name <= b.name'],
    why: 'Names differ.',
  },
  {
    file: 'lib/state/health.ts',
    code: "if (!/\\bapplication\\/health\\+json\\b/i.test(request.header('accept') ?? ''))",
    mutators: ['StringLiteral'],
    why: 'The default asks for nothing.',
  },
  {
    file: 'lib/store/large-item.ts',
    code: 'const pieces = [head.data?.B]',
    mutators: ['OptionalChaining'],
    why: 'It is for the type: every head has data.',
  },
  {
    file: 'lib/store/large-item.ts',
    code: 'for (let from = 0; from < keys.length;',
    mutators: ['EqualityOperator'],
    to: ['from <= keys.length'],
    why: 'No keys are no read.',
  },
  {
    file: 'lib/store/large-item.ts',
    code: 'pieces.push(...batch.map(',
    mutators: ['OptionalChaining'],
    to: ['parts.get(part)?.data.B'],
    why: 'It is for the type: every part has data.',
  },
  {
    file: 'lib/store/table.ts',
    code: 'const placeholders =',
    mutators: ['ArrayDeclaration'],
    why: 'A name that no expression uses is left out.',
  },
  {
    file: 'lib/store/table.ts',
    code: 'const pause = (attempt: number): Promise<void> =>',
    mutators: ['ArrowFunction'],
    why: 'The pause is random.',
  },
  {
    file: 'lib/store/table.ts',
    code: 'new Promise((resolve) => setTimeout(resolve, Math.random() * 25 * 2 ** attempt))',
    mutators: ['ArithmeticOperator'],
    why: 'The pause is random.',
  },
  {
    file: 'lib/store/table.ts',
    code: 'if (attempt > 0) await pause(attempt)',
    mutators: ['ConditionalExpression', 'EqualityOperator', 'CallExpression', 'AwaitExpression'],
    why: 'It only changes how long a retry waits.',
  },
  {
    file: 'lib/store/table.ts',
    code: "for (const item of answer.Responses?.[name] ?? []) found.set(item.pk?.S ?? '', item)",
    mutators: ['ArrayDeclaration', 'OptionalChaining', 'StringLiteral'],
    why: 'The defaults are for the types: every item in an answer has its key.',
  },
  {
    file: 'lib/store/table.ts',
    code: "wanted = (answer.UnprocessedKeys?.[name]?.Keys ?? []).map((key) => key.pk?.S ?? '')",
    mutators: ['OptionalChaining', 'StringLiteral'],
    why: 'The default is for the type: every key that is left is a string.',
  },
]
