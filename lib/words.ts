import type { Language } from './accept.ts'
import { english, englishFarewell } from './english.ts'
import type { Code } from './problem.ts'
import { swedish, swedishFarewell } from './swedish.ts'

/** What is said to somebody who reads it, beside the documented answers for programs. A deployed function keeps it in a second file and loads that for the first reader: `infra/bundling.ts`. */

export { page, pagePolicy } from './page.ts'

type Said = Readonly<{ title: string; advice: string }>

/** The words of every failure, by language. */
export const words: Record<Language, Record<Code, Said>> = {
  en: english,
  sv: swedish,
}

/** What whoever signed out is told, by language. */
export const farewell: Record<Language, Said> = { en: englishFarewell, sv: swedishFarewell }
