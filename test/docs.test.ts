import { deepEqual, equal, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { performanceMarkdown } from '../bench/performance-report.ts'
import { published } from '../bench/publish.ts'
import { scalingMarkdown } from '../bench/scaling-report.ts'
import { explained } from '../docs/explained.ts'
import { between, made } from '../docs/generate.ts'
import { catalogue } from '../lib/problem.ts'
import { type Stack, startStack } from '../local/stack.ts'
import packageJson from '../package.json' with { type: 'json' }
import { suites } from './suites.ts'
import { each } from './support/each.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** Everything written for people. */
const documents = ['*.md', 'docs/*.md', 'docs/*/*.md', 'client/*.md'].flatMap((pattern) =>
  globSync(pattern, { cwd: root }).sort(),
)

describe('a generated document', () => {
  each(
    'is as `npm run docs` makes it',
    Object.entries(made()),
  )(([name, text]) => ok(read(name) === text, 'run `npm run docs`'))

  it('says of the last benchmark what its figures say (node bench/publish.ts)', () => {
    const report = published()
    equal(read('docs/performance.md'), performanceMarkdown(report))
    equal(read('docs/scaling.md'), scalingMarkdown())
  })

  it('explains every code of the catalogue and no other', () =>
    deepEqual(Object.keys(explained).sort(), Object.keys(catalogue).sort()))

  it('names every code in errors.html, for the links of error pages, and runs no script there', () => {
    const page = read('docs/errors.html')
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
    deepEqual(ids, Object.keys(catalogue))
    for (const [, to = ''] of page.matchAll(/ href="#([^"]*)"/g)) ok(ids.includes(to), to)
    ok(!/<script|<link|<img|https?:\/\/|\]\(|`/.test(page.slice(page.indexOf('<html'))))
  })

  it('is put between its markers, and nowhere without them', () => {
    equal(between('a\n<!-- x -->\nold\n<!-- /x -->\nb', 'x', 'new'), 'a\n<!-- x -->\nnew\n<!-- /x -->\nb')
    equal(between('a', 'x', 'new'), undefined)
    equal(between('<!-- /x --><!-- x -->', 'x', 'new'), undefined)
  })
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

describe('a link', () => {
  each(
    'leads to something that is there',
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
  for (const file of ['SECURITY.md', 'docs/security-audit.md'])
    it(`exists: ${file}`, () => {
      const files = cited(read(file))
      ok(files.length > 30, `only ${files.length} citations are found`)
      deepEqual(
        files.filter((name) => !existsSync(join(root, name))),
        [],
      )
    })

  it('stands behind every guarantee', () => {
    const [, guarantees = ''] = /## What is guaranteed([\s\S]*?)\n## /.exec(read('SECURITY.md')) ?? []
    const all = guarantees.split(/\n- /).slice(1)
    deepEqual(
      all.filter((text) => cited(text).length === 0),
      [],
    )
  })
})

describe('the audit', () => {
  const points = [...read('docs/security-audit.md').matchAll(/^- \*\*([A-J]\d[^*]*):\*\* (.*)$/gm)]

  it('has each of its 102 points', () => {
    const numbers = points.flatMap(([, ids = '']) => ids.split(', ').map((id) => Number(id.slice(1))))
    deepEqual(
      numbers,
      Array.from({ length: 102 }, (_, index) => index + 1),
    )
  })

  it('names a test for every point that holds', () => {
    const holding = points.filter(([, , text = '']) => !/\*\*(partly|later|ruled out)\*\*/.test(text))
    deepEqual(
      holding.filter(([, , text = '']) => cited(text).length === 0).map(([, ids]) => ids),
      [],
    )
  })
})

type Block = Readonly<{ file: string; runs: boolean; text: string }>

/** The shell commands of the documents. `sh` is run, in order and in one shell for each document; `sh no-run` is not. */
const blocks: readonly Block[] = documents.flatMap((file) =>
  [...read(file).matchAll(/^```(?:sh|bash|shell)( no-run)?\n([\s\S]*?)^```$/gm)].map(
    ([, still, text = '']) => ({
      file,
      runs: still === undefined,
      text,
    }),
  ),
)

/** Why a block is not run here. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/(^|\s)npm (ci|start|test)\b/m, 'it installs everything, or does not end, or is what runs this'],
  [/^npm install @imsg\/|^nginx /m, 'test/service and test/proxies run it'],
  [/^npm audit\b/m, 'it needs a registry that answers'],
  [
    /\bnpm run (deploy|synth|cdk|test:|bench|mutate|check|sam)/,
    'it takes longer than all tests together, or needs more than Node',
  ],
  [/\b(aws|cdk|sam|docker|git clone|export [A-Z_]+=)/, 'it needs an AWS account, Docker, or a clone'],
]

/** What a block may be made of, so that nobody's account is ever touched by a test. */
const harmless =
  /^(?:[A-Z_]+=.*|(?:curl|echo|printf|grep|npm sbom|npm run (?:docs|doctor|build))\b.*|\s*#.*|\s*)$/

describe('a command in a document', () => {
  let stack: Stack
  const folder = mkdtempSync(join(tmpdir(), 'imsg-docs-'))
  before(async () => {
    stack = await startStack({ port: 0, idpPort: 0, refreshEvery: 3600 })
    // What a command writes lands beside the sources, not among them.
    for (const name of readdirSync(root)) symlinkSync(join(root, name), join(folder, name))
  })
  after(async () => {
    await stack.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('has a reason when it is not run', () => {
    const bare = blocks.filter(({ runs, text }) => !runs && !reasons.some(([pattern]) => pattern.test(text)))
    deepEqual(bare, [])
  })

  it('is harmless when it is run', () => {
    const strange = blocks.flatMap(({ file, runs, text }) =>
      runs
        ? text
            .replaceAll('\\\n', ' ')
            .split('\n')
            .filter((line) => !harmless.test(line))
            .map((line) => `${file}: ${line}`)
        : [],
    )
    deepEqual(strange, [], 'mark the block `sh no-run` if it is more than a request to the local stack')
  })

  it('is a script of package.json or a suite of test/suites.ts when npm runs it', () => {
    const known = Object.keys(packageJson.scripts)
    const unknown = documents.flatMap((file) =>
      [...read(file).matchAll(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g)]
        .map(([, name = '']) => name)
        .filter((name) => !known.includes(name))
        .map((name) => `${file}: npm run ${name}`),
    )
    const noSuite = documents.flatMap((file) =>
      [...read(file).matchAll(/\bnpm test -- ([a-z-]+)/g)]
        .map(([, name = '']) => name)
        .filter((name) => name !== 'list' && !Object.hasOwn(suites, name))
        .map((name) => `${file}: npm test -- ${name}`),
    )
    deepEqual([...unknown, ...noSuite], [])
  })

  for (const file of new Set(blocks.filter(({ runs }) => runs).map((block) => block.file)))
    it(`does what is said of it: ${file}`, { timeout: 20_000 }, async () => {
      const script = blocks
        .filter((block) => block.runs && block.file === file)
        .map(({ text }) => text)
        .join('\n')
        // In one pass: a port that was put in may begin with 4000.
        .replaceAll(/http:\/\/localhost:(3000|4000)\b/g, (_, port) =>
          port === '3000' ? stack.url : (stack.identityUrl ?? ''),
        )
      const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: folder,
      })
      // JSON or a status in the comment of a line is what the line answers.
      const expected = [...script.matchAll(/\s# ("[^"]+"(?::\w+|:"[^"]*")?|\{.*\}|\d{3}\b)/g)].map(
        ([, said = '']) => said,
      )
      let from = 0
      for (const said of expected) {
        const at = stdout.indexOf(said, from)
        ok(at >= 0, `${said} is not in:\n${stdout.slice(from)}`)
        from = at + said.length
      }
    })
})
