import { deepEqual, equal, ok } from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { performanceMarkdown } from '../bench/performance-report.ts'
import { published } from '../bench/publish.ts'
import { scalingMarkdown } from '../bench/scaling-report.ts'
import { explained } from '../docs/explained.ts'
import { between, made } from '../docs/generate.ts'
import { catalogue } from '../lib/problem.ts'
import { methodAndPath, prefix, type Route, routes } from '../lib/routes.ts'
import packageJson from '../package.json' with { type: 'json' }
import { suites } from './suites.ts'
import { blocks, documents, read, root } from './support/documents.ts'
import { each } from './support/each.ts'

describe('a generated document', () => {
  each(
    'equals the output of `npm run docs`',
    Object.entries(made()),
  )(([name, text]) => ok(read(name) === text, 'run `npm run docs`'))

  it('reports the figures of the last benchmark (node bench/publish.ts)', () => {
    const report = published()
    equal(read('docs/performance.md'), performanceMarkdown(report))
    equal(read('docs/scaling.md'), scalingMarkdown())
  })

  it('explains every problem code of the catalogue and no other code', () =>
    deepEqual(Object.keys(explained).sort(), Object.keys(catalogue).sort()))

  it('gives every problem code an anchor in errors.html, which loads no script or other resource', () => {
    const page = read('docs/errors.html')
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
    deepEqual(ids, Object.keys(catalogue))
    for (const [, to = ''] of page.matchAll(/ href="#([^"]*)"/g)) ok(ids.includes(to), to)
    ok(!/<script|<link|<img|https?:\/\/|\]\(|`/.test(page.slice(page.indexOf('<html'))))
  })

  it('replaces the text between its markers, and changes nothing when a marker is missing', () => {
    equal(between('a\n<!-- x -->\nold\n<!-- /x -->\nb', 'x', 'new'), 'a\n<!-- x -->\nnew\n<!-- /x -->\nb')
    equal(between('a', 'x', 'new'), undefined)
    equal(between('<!-- /x --><!-- x -->', 'x', 'new'), undefined)
  })
})

it('the README lists every route that has a path', () => {
  const text = read('README.md')
  const paths = Object.values<Route>(routes).flatMap((route) => methodAndPath(route) ?? [])
  const named = paths.map(({ method, path }) => `${method} ${path.slice(prefix.length)}`)
  deepEqual(
    named.filter((route) => !text.includes(`\`${route}\``)),
    [],
  )
})

/** GitHub's name of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

const anchors = (file: string): string[] =>
  file.endsWith('.html')
    ? [...read(file).matchAll(/ id="([^"]*)"/g)].map(([, id = '']) => id)
    : [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))

describe('a link in a document', () => {
  each(
    'leads to an existing file and heading',
    documents,
  )((file) => {
    const links = [...read(file).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, to = '']) => to)
    const dead = links.filter((to) => {
      const [path = '', anchor] = to.split('#')
      const target = path === '' ? file : join(dirname(file), path)
      if (!existsSync(join(root, target))) return true
      return anchor !== undefined && !anchors(target).includes(anchor)
    })
    deepEqual(dead, [])
  })
})

/** The test files that a text names. */
const cited = (text: string): string[] =>
  [...text.matchAll(/`((?:[a-z]+\/)?test\/[\w./-]+\.ts)`/g)].map(([, file = '']) => file)

describe('a test file that is cited', () => {
  each('exists', ['SECURITY.md', 'docs/security-audit.md'])((file) => {
    const files = cited(read(file))
    ok(files.length > 30, `only ${files.length} citations are found`)
    deepEqual(
      files.filter((name) => !existsSync(join(root, name))),
      [],
    )
  })

  it('is cited for every guarantee of SECURITY.md', () => {
    const [, guarantees = ''] = /## What is guaranteed([\s\S]*?)\n## /.exec(read('SECURITY.md')) ?? []
    const bare = guarantees
      .split(/\n- /)
      .slice(1)
      .filter((text) => cited(text).length === 0)
    deepEqual(bare, [])
  })

  it('is cited for each of the 102 points of the security audit that is met', () => {
    const points = [...read('docs/security-audit.md').matchAll(/^- \*\*([A-J]\d[^*]*):\*\* (.*)$/gm)]
    const numbers = points.flatMap(([, ids = '']) => ids.split(', ').map((id) => Number(id.slice(1))))
    deepEqual(
      numbers,
      Array.from({ length: 102 }, (_, index) => index + 1),
    )
    const holding = points.filter(([, , text = '']) => !/\*\*(partly|later|ruled out)\*\*/.test(text))
    deepEqual(
      holding.filter(([, , text = '']) => cited(text).length === 0).map(([, ids]) => ids),
      [],
    )
  })
})

/** The reasons why a block of commands is not run here. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/(^|\s)npm (ci|start|test)\b/m, 'it installs packages, does not end, or runs this test'],
  [/^npm run build && npm install <|^nginx /m, 'test/service and test/proxies run it'],
  [/^npm audit\b/m, 'it needs a registry that answers'],
  [/\bnpm run (deploy|synth|cdk|test:|bench|mutate|check|sam)/, 'it is slow, or needs more than Node'],
  [/\b(aws|cdk|sam|docker|git clone|export [A-Z_]+=)/, 'it needs an AWS account, Docker, or a clone'],
]

/** The lines that a block may contain, so that a test never changes a real account. */
const harmless =
  /^(?:[A-Z_]+=.*|(?:curl|echo|printf|grep|npm sbom|npm run (?:docs|doctor|build))\b.*|\s*#.*|\s*)$/

describe('a command in a document', () => {
  it('matches one of the listed reasons when no test runs it', () => {
    const bare = blocks.filter(({ runs, text }) => !runs && !reasons.some(([pattern]) => pattern.test(text)))
    deepEqual(bare, [])
  })

  it('only sends requests to the local stack or builds files when a test runs it', () => {
    const strange = blocks
      .filter(({ runs }) => runs)
      .flatMap(({ file, text }) =>
        text
          .replaceAll('\\\n', ' ')
          .split('\n')
          .map((line) => ({ file, line })),
      )
      .filter(({ line }) => !harmless.test(line))
    deepEqual(strange, [], 'mark the block `sh no-run` if it is more than a request to the local stack')
  })

  it('names an existing script of package.json or suite of test/suites.ts after npm', () => {
    const named = (pattern: RegExp, known: readonly string[]) =>
      documents.flatMap((file) =>
        [...read(file).matchAll(pattern)]
          .filter(([, name = '']) => !known.includes(name))
          .map(([command]) => `${file}: ${command}`),
      )
    deepEqual(named(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g, Object.keys(packageJson.scripts)), [])
    deepEqual(named(/\bnpm test -- ([a-z-]+)(?![a-z/-])/g, ['list', ...Object.keys(suites)]), [])
  })
})
