import { deepEqual, ok } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { routes } from '../lib/routes.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .filter((entry) => !/node_modules|\bdist\b/.test(entry.parentPath))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))

/** What a file imports: files of ours by their path from the root, packages by name. */
const imports = (file: string): string[] =>
  [
    ...readFileSync(join(root, file), 'utf8').matchAll(
      /(?:^|\s)(?:import|export)\b[^'";]*?from\s*'([^']+)'|\bimport\(\s*'([^']+)'/g,
    ),
  ].map(([, fixed, lazy]) => {
    const name = fixed ?? lazy ?? ''
    return name.startsWith('.') ? join(dirname(file), name) : name
  })

/** What is deployed or published. */
const product = ['functions', 'lib', 'infra', 'client', 'service'].flatMap(sources)

const under =
  (...folders: string[]) =>
  (name: string) =>
    folders.some((folder) => name.startsWith(`${folder}/`))
const ours = under('lib', 'functions', 'infra', 'local', 'test', 'client', 'identity', 'service')

describe('the direction of imports', () => {
  for (const [what, files, allowed] of [
    ['lib imports lib alone', sources('lib'), under('lib')],
    ['a function imports lib and its own folder', sources('functions'), under('lib', 'functions')],
    ['the library for services imports itself alone', sources('service'), under('service')],
    ['infra imports lib and infra', sources('infra'), under('lib', 'infra')],
    [
      'local imports no function: it runs what was synthesised',
      sources('local'),
      under('lib', 'local', 'infra', 'client', 'service'),
    ],
  ] as const)
    it(what, () => {
      const strays = files.flatMap((file) =>
        imports(file)
          .filter((name) => ours(name) && !allowed(name))
          .map((name) => `${file} -> ${name}`),
      )
      deepEqual(strays, [])
      ok(files.length > 0)
    })

  it('lets no function import another, and no handler the SDK, middy or the environment', () => {
    const strays = sources('functions').flatMap((file) => {
      const handler = file.endsWith('handler.ts')
      const bad = imports(file).filter(
        (name) =>
          (name.startsWith('functions/') && dirname(name) !== dirname(file)) ||
          (handler && /^(@aws-sdk|@middy|jose|node:)/.test(name)),
      )
      const environment = handler && readFileSync(join(root, file), 'utf8').includes('process.env')
      return [...bad, ...(environment ? ['process.env'] : [])].map((name) => `${file} -> ${name}`)
    })
    deepEqual(strays, [])
  })

  it('runs downward between the folders of lib, and lets refresh-state alone import lib/refresh', () => {
    const order = [
      '',
      'store',
      'redirect',
      'http',
      'state',
      'session',
      'login',
      'errors',
      'lambda',
      'refresh',
    ]
    const levelOf = (file: string): number => order.indexOf(/^lib\/([^/]+)\//.exec(file)?.[1] ?? '')
    const strays = [...sources('lib'), ...sources('functions')].flatMap((file) =>
      imports(file)
        .filter(under('lib'))
        .filter((name) =>
          file.startsWith('lib/')
            ? levelOf(name) > levelOf(file)
            : name.startsWith('lib/refresh/') && !file.startsWith('functions/refresh-state/'),
        )
        .map((name) => `${file} -> ${name}`),
    )
    deepEqual(strays, [])
    deepEqual(new Set(sources('lib').map(levelOf)).has(-1), false, 'every folder has its place in the order')
  })

  it('shows no handler a stored item', () => {
    const strays = sources('functions')
      .filter((file) => file.endsWith('handler.ts'))
      .filter((file) => /\bItems?\b|store\/large-item/.test(readFileSync(join(root, file), 'utf8')))
    deepEqual(
      strays,
      ['functions/health/handler.ts'].filter((file) => strays.includes(file)),
    )
  })

  it('carries no directive of a tool in product code', () => {
    const files = product.filter((file) =>
      /Stryker (disable|restore)|c8 ignore|istanbul ignore/.test(readFileSync(join(root, file), 'utf8')),
    )
    deepEqual(files, [])
  })

  it('has no cycles, type imports included', () => {
    const graph = new Map(product.map((file) => [file, imports(file)]))
    const cycles: string[] = []
    const done = new Set<string>()
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      else if (!done.has(file)) for (const next of graph.get(file) ?? []) visit(next, [...path, file])
      done.add(file)
    }
    for (const file of graph.keys()) visit(file, [])
    deepEqual(cycles, [])
  })
})

describe('a product file', () => {
  const strays = (wrong: (line: string, before: string) => boolean): string[] =>
    product.flatMap((file) => {
      const lines = readFileSync(join(root, file), 'utf8').split('\n')
      return lines.flatMap((line, index) =>
        wrong(line, lines[index - 1] ?? '') ? [`${file}:${index + 1} ${line.trim()}`] : [],
      )
    })

  it('has a sentence for every export', () => {
    const declared = /^export (?:const|type (?!\{)|class|function|async)\b/
    deepEqual(
      strays((line, before) => declared.test(line) && !before.endsWith('*/')),
      [],
    )
  })

  it('has comment lines of up to 110 columns', () => {
    deepEqual(
      strays((line) => line.length > 110 && /^\s*(?:\/\/|\/?\*)/.test(line)),
      [],
    )
  })
})

describe('one place for each thing', () => {
  it('has a folder for each row of the route table, and a row for each folder', () => {
    deepEqual(readdirSync(join(root, 'functions')).sort(), Object.keys(routes).sort())
  })

  it('writes status codes of answers in one file', () => {
    const files = [...sources('lib'), ...sources('functions')].filter((file) =>
      /\bstatusCode:\s*\w/.test(readFileSync(join(root, file), 'utf8').replaceAll('statusCode: number', '')),
    )
    deepEqual(files, ['lib/http/messages.ts'])
  })

  it('reads the environment in three files', () => {
    const files = [...sources('lib'), ...sources('functions')].filter((file) =>
      readFileSync(join(root, file), 'utf8').includes('process.env'),
    )
    deepEqual(files.sort(), [
      'functions/refresh-state/index.ts',
      'lib/lambda/aws-credentials.ts',
      'lib/lambda/endpoint.ts',
    ])
  })

  it('switches no checker off', () => {
    const files = product.filter((file) =>
      /@ts-(ignore|expect-error|nocheck)|biome-ignore|:\s*any\b|as any\b/.test(
        readFileSync(join(root, file), 'utf8'),
      ),
    )
    deepEqual(files, [])
  })
})
