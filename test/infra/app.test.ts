import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { routes } from '../../lib/routes.ts'
import { root } from '../../local/synthesis.ts'

/** Settings and templates through the commands that operators give. */

const folder = mkdtempSync(join(tmpdir(), 'imsg-synth-'))
after(() => rmSync(folder, { recursive: true }))

const run = (words: readonly string[], settings: Record<string, string> = {}) => {
  const { PATH = '', HOME = '' } = process.env
  const env = { PATH, HOME, CDK_OUTDIR: folder, ...settings }
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, env, encoding: 'utf8' })
  const text = stdout + stderr
  doesNotMatch(text, /\n {4}at /, 'no stack trace')
  return { status, text }
}

describe('node infra/app.ts', () => {
  it('names the missing settings', () => {
    const { status, text } = run(['infra/app.ts'])
    equal(status, 1)
    match(text, /^3 setting\(s\) to correct:\n- IMAS_URL is missing\./)
    match(text, /infra\/example\.env/)
  })

  it('synthesises the example without a finding', () => {
    const { status, text } = run(['infra/app.ts'], { SETTINGS_FILE: 'infra/example.env' })
    equal(status, 0, text)
    doesNotMatch(text, /ERROR|WARNING/)
    const written = readdirSync(folder)
    equal(written.filter((name) => name.startsWith('asset.')).length, Object.keys(routes).length)
  })
})

describe('--settings', () => {
  const file = join(folder, 'wrong.env')
  writeFileSync(file, 'COOKIE_DOMIAN=x\nIMAS_URL=https://imas.example.dev\nTOKEN_ISSUER=uncheked\n')

  for (const command of ['doctor.ts --settings', 'cdk.ts synth --settings', 'cdk.ts --settings deploy'])
    it(`is the only source of settings: infra/${command}`, () => {
      const words = `infra/${command}`.replace('--settings', `--settings ${file}`).split(' ')
      const { status, text } = run(words, { TOKEN_AUDIENCE: 'unchecked' })
      equal(status, 1)
      match(
        text,
        /\n- COOKIE_DOMIAN in the settings file is not [^\n]+\n- TOKEN_ISSUER is nearly `unchecked`/,
      )
      match(text, /\n- TOKEN_AUDIENCE is missing/)
    })

  it('does not deploy the example', () => {
    const { status, text } = run(['infra/cdk.ts', 'deploy', '--settings=infra/example.env'])
    deepEqual([status, text.split(':')[0]], [1, 'infra/example.env is an example'])
  })
})

it('npm run doctor -- <url> --domains <list> checks a return URL, and exits with 1 if it is refused', () => {
  const settings = {
    PUBLIC_URL: 'https://gateway.example.dev',
    IMAS_URL: 'https://imas.example.dev',
    TOKEN_ISSUER: 'unchecked',
    TOKEN_AUDIENCE: 'unchecked',
  }
  const doctor = (...words: string[]) => run(['infra/doctor.ts', ...words], settings)
  const { status, text } = doctor('https://app.example.net/', '--domains', 'app.example.net,example.org')
  deepEqual([status, text.split('\n')[0]], [0, 'accepted: under a return domain of the organisation'])
  equal(doctor('https://app.example.net/').status, 1)
  match(doctor('--domain', 'x').text, /^npm run doctor -- /)
})
