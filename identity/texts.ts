import { languages as gateway } from '../lib/errors/texts.ts'
import { type Code, catalogue } from './problem.ts'

/** The texts of pages. A code that the gateway has too uses the gateway's text. */

export { page, pagePolicy } from '../lib/errors/page.ts'

type Words = (typeof gateway)[0]
type Text = Words['start']

/** What a language says of the failures of this service. */
const ownFailures = ({ failures, identity }: Words): Readonly<Record<Code, Text>> => {
  const all = { ...failures, ...identity.failures }
  const codes = Object.keys(catalogue) as Code[]
  return Object.fromEntries(codes.map((code) => [code, all[code]])) as Record<Code, Text>
}

const written = (words: Words) => ({ ...words, failures: ownFailures(words) })

const [standard, ...others] = gateway

/** Every language of the gateway, with the failures of this service. */
export const languages = [written(standard), ...others.map(written)] as const
