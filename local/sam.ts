import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Route, type RouteName, routes } from '../lib/routes.ts'
import { CannotStart, optionsFrom, textsFrom } from './options.ts'
import { samTemplate, standardEvent } from './sam-template.ts'
import { root, synthesise } from './synthesis.ts'

/**
 * `npm run sam`: the synthesised stack under AWS SAM, in containers with the Lambda runtime. See docs/sam.md.
 */

/** Addresses of the AWS stand-ins, for the functions. `sam` passes on only variables of the template. */
const endpoints = ['DYNAMODB', 'LAMBDA', 'SECRETS_MANAGER'].map((service) => `AWS_ENDPOINT_URL_${service}`)

/** Default settings. Those in the environment override them. */
const standards = { IMAS_URL: 'https://imas.example.com', AWS_USE_EMPTY_CREDENTIALS: 'true' }

const runs = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

const checkTools = (): void => {
  if (!runs('sam', '--version'))
    throw new CannotStart(
      'AWS SAM CLI is not installed, or `sam` is not on the PATH: https://docs.aws.amazon.com/serverless-application-model. `npm start` needs neither it nor Docker.',
    )
  if (!runs('docker', 'info'))
    throw new CannotStart(
      'Docker does not answer: `sam local` runs each function in a container. Start Docker, or use `npm start`, which does not need it.',
    )
}

const folder = join(root, '.local', 'sam')

/** Synthesises the stack and writes the files for `sam` next to its template. */
const prepare = async (port: number): Promise<string> => {
  const env: Readonly<Record<string, string | undefined>> = { ...standards, ...process.env }
  const texts = textsFrom(env, `http://localhost:${port}`, undefined)
  const plan = await synthesise({ outdir: folder, texts, log: console.log })
  const template = JSON.parse(await readFile(join(folder, 'imsg-service.template.json'), 'utf8'))
  const variables = Object.fromEntries(endpoints.flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
  const file = join(folder, 'sam.template.json')
  await writeFile(file, JSON.stringify(samTemplate(template, plan, { variables, arch: process.arch })))
  return file
}

const isRoute = (name: string | undefined): name is RouteName => name !== undefined && name in routes

/** The arguments of `sam`: one call of a function, or the API. */
const command = async (args: readonly string[], port: number): Promise<string[]> => {
  const [first, name, ...rest] = args
  if (first !== 'invoke')
    return ['local', 'start-api', '-t', await prepare(port), '--port', String(port), ...args]
  if (!isRoute(name)) throw new CannotStart(`invoke takes one of: ${Object.keys(routes).join(', ')}.`)
  const template = await prepare(port)
  if (rest.some((word) => /^(-e|--event)/.test(word)))
    return ['local', 'invoke', name, '-t', template, ...rest]
  const event = join(folder, `${name}.event.json`)
  const route: Route = routes[name]
  await writeFile(event, JSON.stringify(standardEvent(route)))
  return ['local', 'invoke', name, '-t', template, '-e', event, ...rest]
}

try {
  checkTools()
  const { port = 3000 } = optionsFrom(process.env)
  const { status } = spawnSync('sam', await command(process.argv.slice(2), port), { stdio: 'inherit' })
  process.exitCode = status ?? 1
} catch (error) {
  if (!(error instanceof CannotStart)) throw error
  console.error(error.message)
  process.exitCode = 1
}
