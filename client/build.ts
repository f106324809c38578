/** `node client/build.ts`: writes `client/dist/imsg.js`, minified, and its types beside it. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

await build({
  entryPoints: [here('imsg.ts')],
  outfile: here('dist/imsg.js'),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  logLevel: 'info',
})

const declarations =
  '--ignoreConfig --strict --rewriteRelativeImportExtensions --target es2024 --lib es2024,dom --declaration --emitDeclarationOnly --outDir'
const tsc = here('../node_modules/typescript/bin/tsc')
execFileSync(process.execPath, [tsc, here('imsg.ts'), ...declarations.split(' '), here('dist')], {
  stdio: 'inherit',
})
