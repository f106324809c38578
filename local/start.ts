import { join } from 'node:path'
import { coloured } from '../infra/terminal.ts'
import { certificateIn, sharedDomain } from './https.ts'
import {
  argumentsFrom,
  CannotStart,
  environmentFrom,
  type Options,
  optionsFrom,
  providerPortFrom,
} from './options.ts'
import { type ProviderStack, startWithProvider } from './provider.ts'
import { readable } from './readable.ts'
import { type Stack, startStack } from './stack.ts'
import { root } from './synthesis.ts'
import { trustLocalhost } from './trust.ts'

const logAs =
  (format: string | undefined) =>
  (line: string): void => {
    const shown = format === 'json' ? line : readable(line, coloured)
    if (shown !== undefined) process.stdout.write(`${shown}\n`)
  }

const introduce = (
  stack: Stack | ProviderStack,
  { refreshEvery, watch, dataDir, certificate, log = () => {} }: Options,
): void => {
  log(`ready ${stack.url}`)
  if ('providerUrl' in stack) {
    log(`  identity service    ${stack.identityUrl}`)
    log(`  OpenID provider     ${stack.providerUrl}`)
  } else if (stack.identityUrl) log(`  identity stand-in   ${stack.identityUrl}`)
  if (certificate) {
    log(`  session cookie      shared by https://*.${sharedDomain}`)
    log(`  certificate         ${certificate.files.cert}, made by ${certificate.madeBy}`)
  }
  log(`  database            ${stack.databaseUrl}${dataDir ? `, kept in ${dataDir}` : ''}`)
  log(`  invoke a function   curl -d '{}' ${stack.awsUrl}/2015-03-31/functions/refresh-state/invocations`)
  log(`  scheduled functions ${refreshEvery ? `every ${refreshEvery} s` : 'once, at the start'}`)
  if (watch) log('  sources             watched: saving one reloads the functions it is part of')
  log('  stop                Ctrl-C')
}

const ending = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    // The signal may arrive twice: npm forwards Ctrl-C although the terminal has already sent it.
    if (!ending.signal.aborted) ending.abort()
  })

// When a supervisor stops npm, the shell in between ends without forwarding the signal, and this process is
// left without a parent.
const parent = process.ppid
if (process.env.npm_lifecycle_event !== undefined)
  setInterval(() => {
    if (process.ppid !== parent) ending.abort()
  }, 500).unref()

try {
  const { provider, https, settings } = argumentsFrom(process.argv.slice(2))
  const { env, warnings } = environmentFrom(process.env, settings)
  const log = logAs(env.LOG_FORMAT)
  const certificate = https ? certificateIn(join(root, '.local', 'https')) : undefined
  if (certificate) trustLocalhost(certificate.authority)
  const options: Options = { ...optionsFrom(env), log, signal: ending.signal, certificate }
  for (const warning of warnings) log(coloured('yellow', `! ${warning}`))
  const stack = provider ? await startWithProvider(options, providerPortFrom(env)) : await startStack(options)
  introduce(stack, options)
  if (!ending.signal.aborted)
    await new Promise((resolve) => ending.signal.addEventListener('abort', resolve, { once: true }))
  // Does not wait for connections or writes that hang.
  setTimeout(() => process.exit(0), 2000).unref()
  await stack.close()
} catch (error) {
  if (!ending.signal.aborted) {
    console.error(error instanceof CannotStart ? error.message : error)
    process.exitCode = 1
  }
}
process.exit()
