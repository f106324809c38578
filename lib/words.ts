import type { Language } from './accept.ts'
import { english } from './english.ts'
import type { Code } from './problem.ts'
import { swedish } from './swedish.ts'

/** What a refusal says to somebody who reads it. A deployed function keeps it in a second file and loads that for the first reader: `infra/bundling.ts`. */

export { page, pagePolicy } from './page.ts'

/** The words of every failure, by language. */
export const words: Record<Language, Record<Code, { title: string; advice: string }>> = {
  en: english,
  sv: swedish,
}
