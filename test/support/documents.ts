import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Everything written for people, and the commands in it. */

export const root = join(import.meta.dirname, '..', '..')
export const read = (file: string): string => readFileSync(join(root, file), 'utf8')

export const documents = ['*.md', 'docs/*.md', 'docs/*/*.md', 'client/*.md'].flatMap((pattern) =>
  globSync(pattern, { cwd: root }).sort(),
)

type Block = Readonly<{ file: string; runs: boolean; text: string }>

/** The blocks of shell commands. `sh` is run by a test, `sh no-run` is not. */
export const blocks: readonly Block[] = documents.flatMap((file) =>
  [...read(file).matchAll(/^```(?:sh|bash|shell)( no-run)?\n([\s\S]*?)^```$/gm)].map(
    ([, still, text = '']) => ({ file, runs: still === undefined, text }),
  ),
)

/** What is run of each document: all of it in order, in one shell. */
export const commands = (): Readonly<Record<string, string>> => {
  const scripts: Record<string, string> = {}
  for (const { file, runs, text } of blocks) if (runs) scripts[file] = `${scripts[file] ?? ''}${text}`
  return scripts
}
