import { asPage } from '../lib/errors/error-response.ts'
import { page, pagePolicy } from '../lib/errors/page.ts'
import { languages as gateway } from '../lib/errors/texts.ts'
import type { Answer, Incoming } from '../lib/http/messages.ts'
import { catalogue as gatewayCatalogue } from '../lib/problem.ts'
import { type Code, catalogue, row } from './problem.ts'
import type { Settings } from './settings.ts'

/** The pages of this service. A code that the gateway has too uses the gateway's text. */

type Words = (typeof gateway)[0]
type Text = Words['start']

/** A language, with the failures of this service instead of the gateway's. */
const ownWords = (words: Words) => {
  const all = { ...words.failures, ...words.identity.failures }
  const codes = Object.keys(catalogue) as Code[]
  const failures = Object.fromEntries(codes.map((code) => [code, all[code]])) as Record<Code, Text>
  return { ...words, failures }
}

const [standard, ...others] = gateway
const written = { page, pagePolicy, languages: [ownWords(standard), ...others.map(ownWords)] } as const

/** What `respond` needs to know about the failures of this service. */
export const failures = { again: (code: Code) => row(code).again ?? false, written: async () => written }

/** What pages say of this installation. ERRORS_URL explains the codes of the gateway alone. */
export const siteOf = ({ url, siteName, errorsUrl }: Settings, code?: Code) => ({
  publicUrl: url,
  siteName,
  ...(code !== undefined && Object.hasOwn(gatewayCatalogue, code) && { errorsUrl }),
})

/** A page with status 200. */
export const infoPage = (
  request: Incoming,
  settings: Settings,
  text: (words: Omit<Words, 'failures'>) => Text,
): Promise<Answer> => asPage(request, 200, failures.written, siteOf(settings), text)
