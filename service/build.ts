/** `node service/build.ts`: writes `service/dist`, minified modules with their types beside them. */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

rmSync(here('dist'), { recursive: true, force: true })
await build({
  entryPoints: ['index', 'express', 'hapi', 'authorizer'].map((name) => here(`${name}.ts`)),
  outdir: here('dist'),
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
})
const tsc = here('../node_modules/typescript/bin/tsc')
execFileSync(
  process.execPath,
  [tsc, '-p', here('tsconfig.json'), '--noEmit', 'false', '--emitDeclarationOnly'],
  {
    stdio: 'inherit',
  },
)
