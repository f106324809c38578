import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { type Stack, startStack } from '../../local/stack.ts'
import { freePort, isOpen, until } from '../support/ports.ts'
import { send, visitor } from '../support/visitor.ts'

/** The two packages as somebody gets them: packed, installed into an empty project, and used as their READMEs say. */

const root = join(import.meta.dirname, '..', '..')
const tools = join(import.meta.dirname, 'node_modules', '.bin')
// Beside the frameworks, so that the examples find them.
const project = mkdtempSync(join(import.meta.dirname, '.project-'))
after(() => rmSync(project, { recursive: true, force: true }))

const packages = {
  '@imsg/service': { folder: 'service', limit: 4000, modules: ['authorizer', 'express', 'hapi', 'index'] },
  '@imsg/client': { folder: 'client', limit: 3000, modules: ['imsg'] },
} as const

const run = (program: string, args: readonly string[], cwd = project): string =>
  execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

type Packed = { filename: string; version: string; files: { path: string }[] }
const packed = Object.fromEntries(
  Object.entries(packages).map(([name, { folder }]) => {
    const output = run(
      'npm',
      ['pack', '--json', '--silent', '--pack-destination', project],
      join(root, folder),
    )
    const [found] = JSON.parse(output) as [Packed]
    return [name, { ...found, file: join(project, found.filename) }]
  }),
)

/** The examples of a README, by the word after `ts`. */
const examples = (folder: string): Map<string, string> =>
  new Map(
    [
      ...readFileSync(join(root, folder, 'README.md'), 'utf8').matchAll(/^```ts(?: (\w+))?\n(.*?)^```$/gms),
    ].map(([, name = '', code = '']) => [name, code]),
  )

const [forServices, forPages] = [examples('service'), examples('client')]
const named = ['express', 'hapi', 'authorizer', 'fastify']

before(() => {
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }')
  const files = Object.values(packed).map(({ file }) => file)
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...files])
  for (const name of named) writeFileSync(join(project, `${name}.ts`), forServices.get(name) ?? '')
  const declared =
    'declare const showBanner: (text: string) => void\ndeclare const report: (...what: unknown[]) => void\n'
  for (const name of ['express-app.ts', 'api-behind-authorizer'])
    cpSync(join(root, 'examples', name), join(project, name), { recursive: true })
  writeFileSync(join(project, 'page.ts'), `${declared}${forPages.get('') ?? ''}export {}\n`)
})

describe('each package', () => {
  for (const [name, { folder, limit, modules }] of Object.entries(packages)) {
    it(`${name} holds its modules with their types, a licence and a README, and nothing else`, () => {
      const { files = [], version } = packed[name] ?? {}
      const paths = files.map(({ path }) => path)
      for (const module of modules)
        for (const kind of ['js', 'd.ts']) ok(paths.includes(`dist/${module}.${kind}`), `${module}.${kind}`)
      const others = paths.filter((path) => !/^dist\/[\w-]+\.(js|d\.ts)$/.test(path))
      deepEqual(others.sort(), ['LICENSE', 'README.md', 'package.json'])
      match(version ?? '', /^\d+\.\d+\.\d+$/)
    })

    it(`${name} is below ${limit} bytes, gzipped`, () => {
      const dist = join(project, 'node_modules', name, 'dist')
      const scripts = readdirSync(dist).filter((file) => file.endsWith('.js'))
      const text = scripts.map((file) => readFileSync(join(dist, file), 'utf8')).join('')
      ok(gzipSync(text, { level: 9 }).length < limit, String(gzipSync(text, { level: 9 }).length))
    })

    it(`${name} pleases publint and attw`, () => {
      match(run(join(tools, 'publint'), ['--strict', join(root, folder)]), /All good!/)
      // Ends with an error when something is wrong.
      run(join(tools, 'attw'), [packed[name]?.file ?? '', '--profile', 'esm-only'])
    })
  }

  it('depends on nothing', () => {
    for (const { folder } of Object.values(packages)) {
      const { dependencies, peerDependencies, license } = JSON.parse(
        readFileSync(join(root, folder, 'package.json'), 'utf8'),
      )
      deepEqual([dependencies, peerDependencies, license], [undefined, undefined, 'MIT'])
    }
  })
})

describe('installed into an empty project', () => {
  let stack: Stack
  const children: ChildProcess[] = []
  const editor = visitor('editor')
  before(async () => {
    stack = await startStack({ port: 0, idpPort: 0, refreshEvery: 0 })
    process.env.GATEWAY = stack.url
    await editor.open(`${stack.url}/imsg-service/v1/org/demo/login?callback=/`)
  })
  after(async () => {
    for (const child of children) child.kill()
    await stack.close()
  })
  const sessionOf = async (name: string): Promise<string> => {
    const person = visitor(name)
    await person.open(`${stack.url}/imsg-service/v1/org/demo/login?callback=/`)
    return `imidToken=${person.cookies.get('imidToken')}`
  }
  const cookie = () => `imidToken=${editor.cookies.get('imidToken')}`

  it('the examples of the READMEs type-check, against the real types of the frameworks', () => {
    const options = {
      compilerOptions: {
        strict: true,
        noEmit: true,
        exactOptionalPropertyTypes: true,
        target: 'es2022',
        module: 'nodenext',
        lib: ['es2023', 'dom'],
        types: ['node'],
        typeRoots: [join(root, 'node_modules', '@types')],
        skipLibCheck: true,
      },
      include: ['**/*.ts'],
    }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(options))
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project])
  })

  const started = async (name: string): Promise<string> => {
    const port = await freePort()
    const env = {
      PATH: process.env.PATH,
      GATEWAY: stack.url,
      ORIGIN: `http://localhost:${port}`,
      PORT: String(port),
    }
    const child = spawn(process.execPath, [`${name}.ts`], {
      cwd: project,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    children.push(child)
    let errors = ''
    child.stderr.on('data', (text) => {
      errors += text
    })
    if (await until(() => isOpen(port), child)) return `http://localhost:${port}`
    throw new Error(`${name} does not listen: ${errors}`)
  }

  for (const name of ['express', 'hapi', 'fastify'])
    it(`the example for ${name} greets who is signed in, and sends others to the login`, async () => {
      const url = await started(name)
      const greeted = await send(`${url}/`, { headers: { cookie: cookie() } })
      match(greeted.body, /^Hello Edith Reyes/)
      const nobody = await send(`${url}/`, { headers: { accept: 'text/html' } })
      equal(nobody.status, 302)
      equal(new URL(nobody.headers.location ?? '').searchParams.get('callback'), `${url}/`)
      equal((await send(`${url}/`)).status, 401)
      if (name === 'fastify') return
      equal((await send(`${url}/publish`, { headers: { cookie: cookie() } })).status, 403)
    })

  it('the example for API Gateway lets somebody in, and knows them behind the authorizer', async () => {
    const module = await import(pathToFileURL(join(project, 'authorizer.ts')).href)
    const { isAuthorized, context } = await module.guard({ headers: {}, cookies: [await sessionOf('chief')] })
    equal(isAuthorized, true)
    const event = { requestContext: { authorizer: { lambda: JSON.parse(JSON.stringify(context)) } } }
    deepEqual(await module.handler(event), { message: 'Hello Chiara Lund' })
    deepEqual(await module.guard({ headers: {}, cookies: [cookie()] }), { isAuthorized: false })
  })

  it('examples/express-app.ts is open to all, knows units, and says no in its own words', async () => {
    const url = await started('express-app')
    const signedIn = { headers: { cookie: cookie() } }
    equal((await send(`${url}/`)).body, 'Hello stranger')
    equal((await send(`${url}/`, signedIn)).body, 'Hello Edith Reyes')
    deepEqual(JSON.parse((await send(`${url}/desk`, signedIn)).body), {
      name: 'Edith Reyes',
      units: [
        { unit: 'north', mayWrite: true },
        { unit: 'south', mayWrite: false },
      ],
    })
    const refused = await send(`${url}/publish`, { ...signedIn, method: 'POST' })
    deepEqual([refused.status, refused.body], [403, 'You are signed in, but may not do this.'])
    const nobody = await send(`${url}/desk`, { headers: { 'sec-fetch-mode': 'cors' } })
    deepEqual([nobody.status, nobody.headers['www-authenticate']], [401, 'Bearer realm="imsg-service"'])
  })

  it('examples/api-behind-authorizer answers who may read, and its stack trusts the authorizer alone', async () => {
    const folder = join(project, 'api-behind-authorizer')
    const of = async (name: string) => (await import(pathToFileURL(join(folder, `${name}.ts`)).href)).handler
    const { isAuthorized, context } = await (await of('guard'))({
      headers: {},
      cookies: [await sessionOf('chief')],
    })
    const event = { requestContext: { authorizer: { lambda: context } } }
    deepEqual(
      [isAuthorized, await (await of('desk'))(event)],
      [true, { name: 'Chiara Lund', mayPublish: true }],
    )
    const { isAuthorized: visitorMayRead } = await (await of('guard'))({
      cookies: [await sessionOf('visitor')],
    })
    equal(visitorMayRead, false)

    const { DeskStack } = await import(pathToFileURL(join(folder, 'stack.ts')).href)
    const stack = new DeskStack(new App(), 'desk', {
      code: Code.fromAsset(folder),
      gateway: 'https://id.example.com',
    })
    const [authorizer] = Object.values(
      Template.fromStack(stack).findResources('AWS::ApiGatewayV2::Authorizer'),
    )
    const {
      EnableSimpleResponses,
      AuthorizerResultTtlInSeconds,
      IdentitySource,
      AuthorizerPayloadFormatVersion,
    } = authorizer?.Properties ?? {}
    deepEqual(
      [EnableSimpleResponses, AuthorizerResultTtlInSeconds, IdentitySource, AuthorizerPayloadFormatVersion],
      [true, 0, [], '2.0'],
    )
  })

  it('the example for a page signs in, chooses a unit and signs out', async () => {
    const preset = join(project, 'page-preset.mjs')
    const world = `
      const ask = globalThis.fetch
      globalThis.showBanner = globalThis.report = console.log
      globalThis.document = Object.assign(new EventTarget(), { hidden: false })
      globalThis.location = { href: '${stack.url}/', assign: (url) => console.log('to', url) }
      globalThis.fetch = async (url, init = {}) => {
        const there = new URL(url, '${stack.url}')
        const headers = { ...init.headers, cookie: '${cookie()}', origin: '${stack.url}' }
        const answer = await ask(there, { ...init, headers })
        console.log(init.method ?? 'GET', there.pathname, answer.status)
        return answer
      }`
    writeFileSync(preset, world)
    const run = `${forPages.get('') ?? ''}\ngateway.close()`
    writeFileSync(join(project, 'page-run.ts'), run)
    const { stdout: output } = await promisify(execFile)(
      process.execPath,
      ['--import', preset, 'page-run.ts'],
      { cwd: project },
    )
    for (const line of [
      'GET /imsg-service/v1/units 200',
      'POST /imsg-service/v1/unit 200',
      'POST /imsg-service/v1/logout 200',
    ])
      ok(output.includes(line), output)
  })

  it('CommonJS can require it', () => {
    mkdirSync(join(project, 'old'))
    writeFileSync(join(project, 'old', 'package.json'), '{ "type": "commonjs" }')
    const code =
      "const { authorization } = require('@imsg/service')\nconst { protect } = require('@imsg/service/express')\nconsole.log(typeof protect(authorization({ gateway: 'https://id.example.com' }), { org: 'demo' }))"
    writeFileSync(join(project, 'old', 'index.cjs'), code)
    equal(run(process.execPath, [join(project, 'old', 'index.cjs')]).trim(), 'function')
  })
})
