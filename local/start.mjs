import { existsSync } from 'node:fs'

/** JavaScript for any Node.js: says what is missing before the first TypeScript file is loaded. */

const obstacle = () => {
  if (!existsSync(new URL('../node_modules/dynalite/package.json', import.meta.url)))
    return 'The dependencies are not installed. Run: npm ci'
  const [major] = process.versions.node.split('.')
  if (Number(major) < 24)
    return [
      `Node.js ${process.versions.node} is too old: 24 or later is needed.`,
      'npm ci brings its own, unless ignore-scripts is on. Run: npm ci --ignore-scripts=false',
    ].join('\n')
  return undefined
}

const found = obstacle()
if (found === undefined) await import('./start.ts')
else {
  console.error(found)
  process.exitCode = 1
}
