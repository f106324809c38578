import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { type Stack, startStack } from '../../local/stack.ts'
import { freePort, isOpen, until } from '../support/ports.ts'
import { type Seen, send, visitor, type Wish } from '../support/visitor.ts'

/** The two packages as published: packed, installed into an empty project, and used as in their READMEs. */

const root = join(import.meta.dirname, '..', '..')
// In this folder, so that the examples can import the frameworks.
const project = mkdtempSync(join(import.meta.dirname, '.project-'))
after(() => rmSync(project, { recursive: true, force: true }))

const run = (program: string, args: readonly string[], cwd = project): string =>
  execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const packed = (folder: string) => {
  const args = ['pack', '--json', '--silent', '--pack-destination', project]
  const [found] = JSON.parse(run('npm', args, join(root, folder))) as [
    { filename: string; files: { path: string }[] },
  ]
  return { paths: found.files.map(({ path }) => path), file: join(project, found.filename) }
}

const packages = [
  {
    name: '@imsg/service',
    folder: 'service',
    limit: 4000,
    modules: ['authorizer', 'express', 'hapi', 'index'],
    ...packed('service'),
  },
  { name: '@imsg/client', folder: 'client', limit: 3000, modules: ['imsg'], ...packed('client') },
]

/** The examples of a README, by the word after `ts`. */
const examples = (folder: string): Map<string, string> => {
  const readme = readFileSync(join(root, folder, 'README.md'), 'utf8')
  const blocks = readme.matchAll(/^```ts(?: (\w+))?\n(.*?)^```$/gms)
  return new Map([...blocks].map(([, name = '', code = '']) => [name, code]))
}
const { express = '', hapi = '', fastify = '', authorizer = '' } = Object.fromEntries(examples('service'))
const page = examples('client').get('') ?? ''
const write = (name: string, text: string) => writeFileSync(join(project, name), text)

before(() => {
  write('package.json', '{ "type": "module", "private": true }')
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...packages.map(({ file }) => file)])
  for (const [name, text] of Object.entries({ express, hapi, fastify, authorizer })) write(`${name}.ts`, text)
  for (const name of ['express-app.ts', 'api-behind-authorizer'])
    cpSync(join(root, 'examples', name), join(project, name), { recursive: true })
})

for (const { name, folder, limit, modules, paths, file } of packages)
  describe(`the package ${name}`, () => {
    it('contains only its modules with their types, a licence and a README', () => {
      for (const module of modules)
        for (const kind of ['js', 'd.ts']) ok(paths.includes(`dist/${module}.${kind}`), `${module}.${kind}`)
      const others = paths.filter((path) => !/^dist\/[\w-]+\.(js|d\.ts)$/.test(path))
      deepEqual(others.sort(), ['LICENSE', 'README.md', 'package.json'])
    })

    it(`is smaller than ${limit} bytes, gzipped, without dependencies`, () => {
      const installed = join(project, 'node_modules', name)
      const scripts = readdirSync(join(installed, 'dist')).filter((file) => file.endsWith('.js'))
      const text = scripts.map((file) => readFileSync(join(installed, 'dist', file), 'utf8')).join('')
      const { length } = gzipSync(text, { level: 9 })
      ok(length < limit, `${length} bytes`)
      const { dependencies, peerDependencies, license } = JSON.parse(
        readFileSync(join(installed, 'package.json'), 'utf8'),
      )
      deepEqual([dependencies, peerDependencies, license], [undefined, undefined, 'MIT'])
    })

    it('passes publint and attw', () => {
      const tools = join(import.meta.dirname, 'node_modules', '.bin')
      match(run(join(tools, 'publint'), ['--strict', join(root, folder)]), /All good!/)
      run(join(tools, 'attw'), [file, '--profile', 'esm-only'])
    })
  })

describe('the packages in an empty project', () => {
  let stack: Stack
  const session = { editor: '', chief: '', visitor: '' }
  before(async () => {
    stack = await startStack({ port: 0, idpPort: 0, refreshEvery: 0 })
    process.env.GATEWAY = stack.url
    for (const name of ['editor', 'chief', 'visitor'] as const) {
      const person = visitor(name)
      await person.open(`${stack.url}/imsg-service/v1/org/demo/login?callback=/`)
      session[name] = `imidToken=${person.cookies.get('imidToken')}`
    }
  })
  after(() => stack.close())

  it('have READMEs whose examples type-check with the types of the frameworks', () => {
    write(
      'page.ts',
      `declare const showBanner: (text: string) => void, report: (...what: unknown[]) => void\n${page}`,
    )
    const compilerOptions = {
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: true,
      target: 'es2022',
      module: 'nodenext',
      lib: ['es2023', 'dom'],
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
      skipLibCheck: true,
    }
    write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['**/*.ts'] }))
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project])
  })

  /** Runs an example. Resolves to its address, and a function that sends it a request. */
  const started = async (name: string) => {
    const port = await freePort()
    const url = `http://localhost:${port}`
    const { PATH } = process.env
    const child = spawn(process.execPath, [`${name}.ts`], {
      cwd: project,
      env: { PATH, GATEWAY: stack.url, ORIGIN: url, PORT: String(port), NODE_ENV: 'test' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    after(() => child.kill())
    ok(await until(() => isOpen(port), child), `${name} does not listen`)
    const ask = (path: string, cookie?: string, wish: Wish = {}): Promise<Seen> =>
      send(url + path, { ...wish, headers: { ...wish.headers, ...(cookie && { cookie }) } })
    return { url, ask }
  }

  for (const name of ['express', 'hapi', 'fastify'])
    it(`serve a person and redirect others to the login in the example for ${name}`, async () => {
      const { url, ask } = await started(name)
      match((await ask('/', session.editor)).body, /^Hello Edith Reyes/)
      const nobody = await ask('/', undefined, { headers: { accept: 'text/html' } })
      equal(nobody.status, 302)
      equal(new URL(nobody.headers.location ?? '').searchParams.get('callback'), `${url}/`)
      equal((await ask('/')).status, 401)
      if (name !== 'fastify') equal((await ask('/publish', session.editor)).status, 403)
    })

  it('serve examples/express-app.ts with an open page, units and its own message for a refusal', async () => {
    const { ask } = await started('express-app')
    equal((await ask('/')).body, 'Hello stranger')
    equal((await ask('/', session.editor)).body, 'Hello Edith Reyes')
    const units = [
      { unit: 'north', mayWrite: true },
      { unit: 'south', mayWrite: false },
    ]
    deepEqual(JSON.parse((await ask('/desk', session.editor)).body), { name: 'Edith Reyes', units })
    const refused = await ask('/publish', session.editor, { method: 'POST' })
    deepEqual([refused.status, refused.body], [403, 'You are signed in, but may not do this.'])
    equal((await ask('/desk')).status, 401)
  })

  const exported = (file: string) => import(pathToFileURL(join(project, file)).href)
  const behind = (context: object) => ({ requestContext: { authorizer: { lambda: context } } })

  it('authorize the readers in both API examples, whose functions get the person', async () => {
    const example = await exported('authorizer.ts')
    const { handler: guard } = await exported('api-behind-authorizer/guard.ts')
    const { handler: desk } = await exported('api-behind-authorizer/desk.ts')
    const chief = { cookies: [session.chief] }
    deepEqual(await example.handler(behind((await example.guard(chief)).context)), {
      message: 'Hello Chiara Lund',
    })
    deepEqual(await desk(behind((await guard(chief)).context)), { name: 'Chiara Lund', mayPublish: true })
    for (const refuse of [example.guard, guard])
      deepEqual(await refuse({ cookies: [session.visitor] }), { isAuthorized: false })
  })

  it('work in examples/api-behind-authorizer, whose stack caches no answer and accepts the cookie', async () => {
    const { DeskStack } = await exported('api-behind-authorizer/stack.ts')
    const code = Code.fromAsset(join(project, 'api-behind-authorizer'))
    const template = Template.fromStack(
      new DeskStack(new App(), 'desk', { code, gateway: 'https://id.example.com' }),
    )
    template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      EnableSimpleResponses: true,
      AuthorizerResultTtlInSeconds: 0,
      IdentitySource: [],
      AuthorizerPayloadFormatVersion: '2.0',
    })
  })

  it('can be required by CommonJS', () => {
    const code = `
      const { authorization } = require('@imsg/service')
      const { protect } = require('@imsg/service/express')
      console.log(typeof protect(authorization({ gateway: 'https://id.example.com' }), { org: 'demo' }))`
    write('old.cjs', code)
    equal(run(process.execPath, ['old.cjs']), 'function\n')
  })
})
