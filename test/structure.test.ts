import { deepEqual, ok } from 'node:assert/strict'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { routes } from '../lib/routes.ts'
import { root } from '../local/synthesis.ts'

const read = (file: string): string => readFileSync(join(root, file), 'utf8')

const sources = (...folders: string[]): string[] =>
  globSync(
    folders.map((folder) => `${folder}/**/*.ts`),
    { cwd: root, exclude: ['**/node_modules/**', '**/dist/**', '**/*.d.ts'] },
  ).sort()

/** What a file imports: files of ours by their path from the root, packages by name. */
const imports = (file: string): string[] =>
  [...read(file).matchAll(/(?:^|\s)(?:import|export)\b[^'";]*?from\s*'([^']+)'|\bimport\(\s*'([^']+)'/g)].map(
    ([, fixed, lazy]) => {
      const name = fixed ?? lazy ?? ''
      return name.startsWith('.') ? join(dirname(file), name) : name
    },
  )

/** Imports that break a rule: `from -> to`. */
const strays = (files: readonly string[], isWrong: (to: string, from: string) => boolean): string[] => {
  ok(files.length > 0)
  return files.flatMap((from) =>
    imports(from)
      .filter((to) => isWrong(to, from))
      .map((to) => `${from} -> ${to}`),
  )
}

const under =
  (...folders: string[]) =>
  (name: string) =>
    folders.some((folder) => name.startsWith(`${folder}/`))
const ours = under('lib', 'functions', 'infra', 'local', 'test', 'client', 'identity', 'service')

/** What is deployed or published. */
const product = sources('functions', 'lib', 'infra', 'client', 'service')
const deployed = product.filter(under('functions', 'lib'))
const handlers = sources('functions').filter((file) => file.endsWith('handler.ts'))

/** The folders of lib. Each imports only itself and those before it. */
const order = ['', 'store', 'redirect', 'http', 'state', 'session', 'login', 'errors', 'lambda', 'refresh']
const levelOf = (file: string): number => order.indexOf(/^lib\/([^/]+)\//.exec(file)?.[1] ?? '')

describe('the direction of imports', () => {
  for (const [folder, ...allowed] of [
    ['lib'],
    ['functions', 'lib'],
    ['service'],
    ['infra', 'lib'],
    ['local', 'lib', 'infra', 'client', 'service'],
  ] as const)
    it(`lets ${folder} import ${['itself', ...allowed].join(', ')} and nothing else`, () =>
      deepEqual(
        strays(sources(folder), (to) => ours(to) && !under(folder, ...allowed)(to)),
        [],
      ))

  it('lets no function import another function, and no handler import the AWS SDK, middy or Node', () => {
    const isOther = (to: string, from: string) => under('functions')(to) && dirname(to) !== dirname(from)
    deepEqual(strays(sources('functions'), isOther), [])
    deepEqual(
      strays(handlers, (to) => /^(@aws-sdk|@middy|jose|node:)/.test(to)),
      [],
    )
  })

  it('runs downward between the folders of lib, and only refresh-state imports lib/refresh', () => {
    deepEqual(
      strays(sources('lib'), (to, from) => under('lib')(to) && levelOf(to) > levelOf(from)),
      [],
    )
    const others = sources('functions').filter((file) => !under('functions/refresh-state')(file))
    deepEqual(strays(others, under('lib/refresh')), [])
    ok(
      sources('lib').every((file) => levelOf(file) >= 0),
      'every folder has its place in the order',
    )
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

const linesOf = (files: readonly string[]) =>
  files.flatMap((file) => {
    const all = read(file).split('\n')
    return all.map((line, index) => ({ at: `${file}:${index + 1}`, line, before: all[index - 1] ?? '' }))
  })

describe('a source file', () => {
  it('has a comment above every export when it is deployed or published', () => {
    const declared = /^export (?:const|type (?!\{)|class|function|async)\b/
    const bare = linesOf(product).filter(({ line, before }) => declared.test(line) && !before.endsWith('*/'))
    deepEqual(bare, [])
  })

  it('has comment lines of up to 110 columns', () => {
    const all = linesOf([...product, ...sources('local', 'bench', 'docs', 'examples', 'test')])
    const long = all.filter(({ line }) => line.length > 110 && /^\s*(?:\/\/|\/?\*)/.test(line))
    deepEqual(long, [])
  })
})

describe('the source tree', () => {
  it('has one folder of functions for each row of the route table', () =>
    deepEqual(readdirSync(join(root, 'functions')).sort(), Object.keys(routes).sort()))

  for (const [what, files, pattern, places] of [
    ['the status code of an answer', deployed, /\bstatusCode:\s*(?!number)\w/, ['lib/http/messages.ts']],
    [
      'the environment',
      deployed,
      /process\.env/,
      ['functions/refresh-state/index.ts', 'lib/lambda/aws-credentials.ts', 'lib/lambda/endpoint.ts'],
    ],
    ['a stored item in a handler', handlers, /\bItems?\b|store\/large-item/, []],
    [
      'a directive of a tool',
      product,
      /@ts-(ignore|expect-error|nocheck)|biome-ignore|:\s*any\b|as any\b|Stryker (disable|restore)|(c8|istanbul) ignore/,
      [],
    ],
  ] as const)
    it(`has ${what} only in: ${places.join(', ') || 'no file'}`, () =>
      deepEqual(
        files.filter((file) => pattern.test(read(file))),
        places,
      ))
})
