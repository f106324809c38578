import { availableParallelism } from 'node:os'

export type Suite = Readonly<{
  /** What it needs besides Node or covers, for the list of suites. */
  about: string
  files: readonly string[]
  /** Options of `node`. */
  options?: readonly string[]
  /** A folder with a package of its own, which is installed first, and flags of `npm ci`. */
  install?: readonly [folder: string, ...flags: string[]]
}>

const manyFiles = [
  // One more than there are cores: some tests wait.
  `--test-concurrency=${availableParallelism() + 1}`,
  '--test-reporter=./test/support/failures.ts',
]
/** One process for all files, so that they share a browser. */
const oneProcess = ['--test-isolation=none']

/** What `npm test -- <suite>` runs. */
export const suites: Readonly<Record<string, Suite>> = {
  quick: {
    about: 'nothing; what `npm test` runs',
    options: manyFiles,
    files: [
      'test/*.test.ts',
      'test/attacks/*.test.ts',
      'test/properties/*.test.ts',
      'test/infra/!(app|smoke).test.ts',
      'test/local/!(https|start|sam).test.ts',
    ],
  },
  slow: {
    about: 'time: faults of the database, late writes, `npm start`',
    options: manyFiles,
    files: [
      'test/faults/*.test.ts',
      'test/infra/{app,smoke}.test.ts',
      'test/local/{https,start,sam}.test.ts',
    ],
  },
  browser: {
    about: 'Chromium: the pages, logins in several tabs, the client',
    options: oneProcess,
    files: ['test/browser/*.test.ts'],
  },
  dynamodb: {
    about: 'Java 17: the stored items on DynamoDB Local',
    install: ['test/dynamodb-local'],
    files: ['test/dynamodb-local/repositories.test.ts'],
  },
  proxies: {
    about: 'nginx and Caddy: the shipped configurations',
    files: ['test/proxies/proxies.test.ts'],
  },
  service: {
    about: 'npm: the packages of service/ and client/, packed and installed, with Express, Hapi and Fastify',
    install: ['test/service', '--ignore-scripts'],
    files: ['test/service/*.test.ts'],
  },
  runtime: {
    about: 'cmake, make, g++, python3: every bundle under the runtime client of Lambda',
    install: ['test/runtime'],
    files: ['test/runtime/*.test.ts'],
  },
  engines: {
    about: 'Python 3.11 and PyPI: cfn-lint, SAM and schemathesis',
    options: ['--test-concurrency=1'],
    files: ['test/engines/*.test.ts'],
  },
  deploy: {
    about: 'Python 3.11 and PyPI: deployment and upgrade on MiniStack, an emulator of AWS',
    files: ['test/deploy/deploy.test.ts'],
  },
  identity: {
    about: 'npm: the identity service against real and faulty OpenID providers',
    install: ['identity'],
    files: ['identity/test/*.test.ts'],
  },
  'identity-browser': {
    about: 'Chromium: a sign-in through the identity service',
    install: ['identity'],
    options: oneProcess,
    files: ['identity/test/browser/*.test.ts'],
  },
  'identity-deploy': {
    about: 'Python 3.11 and PyPI: both stacks on MiniStack',
    install: ['identity'],
    files: ['identity/test/deploy/deploy.test.ts'],
  },
  keycloak: {
    about: 'Java 17 and Maven: the identity service with Keycloak',
    install: ['identity'],
    files: ['identity/test/keycloak/keycloak.test.ts'],
  },
}
