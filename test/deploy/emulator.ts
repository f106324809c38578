import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { root } from '../../local/synthesis.ts'
import { forward, freePort, listening, until } from '../support/ports.ts'

/** MiniStack, an emulator of AWS, with functions that run on this project's Node. */

const region = 'eu-north-1'

type Emulator = Readonly<{ port: number; stop: () => Promise<void> }>

const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter)

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/_ministack/health`).then(
    ({ ok }) => ok,
    () => false,
  )

/** The functions are children of the emulator, so the whole process group ends. */
const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.pid === undefined) return
  const gone = once(child, 'exit')
  process.kill(-child.pid, 'SIGKILL')
  await gone
}

/** Starts MiniStack from the folder of its programs. It writes its files to `folder`. */
export const startEmulator = async (bin: string, folder: string): Promise<Emulator> => {
  const port = await freePort()
  mkdirSync(join(folder, 'tmp'), { recursive: true })
  // The emulator writes a CommonJS program next to each function. Without this it would be a module of this
  // package.
  writeFileSync(join(folder, 'package.json'), '{}')
  const url = `http://127.0.0.1:${port}`
  const log = createWriteStream(join(folder, 'emulator.log'))
  const child = spawn(join(bin, 'python'), ['-m', 'ministack'], {
    cwd: folder,
    detached: true,
    env: {
      PATH: path,
      HOME: folder,
      TMPDIR: join(folder, 'tmp'),
      S3_DATA_DIR: join(folder, 's3'),
      STATE_DIR: join(folder, 'state'),
      LAMBDA_EXECUTOR: 'local',
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: 'localhost',
      // Functions inherit these: in an account they find AWS by their region.
      AWS_ENDPOINT_URL_DYNAMODB: url,
      AWS_ENDPOINT_URL_KMS: url,
      AWS_ENDPOINT_URL_LAMBDA: url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
    },
  })
  child.stdout.pipe(log)
  child.stderr.pipe(log)
  const stop = () => end(child)
  process.once('exit', () => child.exitCode === null && child.pid && process.kill(-child.pid, 'SIGKILL'))
  if (await until(() => answers(port), child)) return { port, stop }
  await stop()
  throw new Error(
    `MiniStack did not start:\n${readFileSync(join(folder, 'emulator.log'), 'utf8').slice(-2000)}`,
  )
}

/** The status and output of a CDK command. */
type CommandResult = Readonly<{ status: number | null; text: string }>

/** The real CDK CLI, with this emulator for AWS. `settings`: where it synthesises. */
export const cdkFor =
  ({ port }: Emulator, folder: string) =>
  async (
    args: readonly string[],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> => {
    const env = {
      ...settings,
      PATH: path,
      HOME: folder,
      TMPDIR: join(folder, 'tmp'),
      CI: 'true',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      AWS_ENDPOINT_URL: `http://localhost:${port}`,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: region,
      AWS_EC2_METADATA_DISABLED: 'true',
    }
    const cli = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk')
    const child = spawn(process.execPath, [cli, ...args], { cwd: root, env })
    const ends = once(child, 'close')
    const texts = await Promise.all([text(child.stdout), text(child.stderr)])
    await ends
    return { status: child.exitCode, text: texts.join('') }
  }

/** The environment that is bootstrapped. */
export const environment = `aws://000000000000/${region}`

/** A call of an AWS API. The emulator reads the service from the signature, which it does not check. */
const call = async (
  { port }: Emulator,
  service: string,
  body: string | URLSearchParams,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`
  const answer = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: { authorization, ...headers },
    body,
  })
  const said = await answer.text()
  if (!answer.ok) throw new Error(`${service}: ${answer.status} ${said.slice(0, 500)}`)
  return said
}

/** Puts the credentials where refresh-state reads them, as the operator does. */
export const putSecret = (emulator: Emulator, id: string, value: object): Promise<string> =>
  call(emulator, 'secretsmanager', JSON.stringify({ SecretId: id, SecretString: JSON.stringify(value) }), {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'secretsmanager.PutSecretValue',
  })

/** The physical names of the resources of a stack, by logical id. Undefined without such a stack. */
export const physicalIds = async (emulator: Emulator, stack: string): Promise<Map<string, string>> => {
  const query = { Action: 'DescribeStackResources', StackName: stack, Version: '2010-05-15' }
  const members = (await call(emulator, 'cloudformation', new URLSearchParams(query))).split('<member>')
  return new Map(
    members.flatMap((member) => {
      const [, id] = /<LogicalResourceId>([^<]+)</.exec(member) ?? []
      const [, name] = /<PhysicalResourceId>([^<]+)</.exec(member) ?? []
      return id && name ? [[id, name] as const] : []
    }),
  )
}

/**
 * A proxy on a port that is known before the deployment, for PUBLIC_URL. It forwards requests to the API of
 * the stack, which the emulator finds by its host name.
 */
export const openFront = async ({ port }: Emulator) => {
  let apiId = ''
  const server = createServer((incoming, outgoing) =>
    forward(`http://127.0.0.1:${port}`, incoming, outgoing, {
      host: `${apiId}.execute-api.localhost:${port}`,
    }),
  )
  const front = await listening(server, 'localhost')
  return {
    url: `http://localhost:${front.port}`,
    leadTo: (id: string) => {
      apiId = id
    },
    close: front.close,
  }
}
