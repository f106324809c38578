import type { Language } from '../http/accept.ts'
import type { Code } from '../problem.ts'
import { en, enFarewell, enSignIn } from './en.ts'
import { sv, svFarewell, svSignIn } from './sv.ts'

/** The texts of pages and problem documents. A function loads this file on demand: `infra/bundling.ts`. */

export { page, pagePolicy } from './page.ts'

type Text = Readonly<{ title: string; advice: string }>

/** The texts of every failure, by language. */
export const texts: Record<Language, Record<Code, Text>> = { en, sv }

/** The sentence about signing in again, with and without a button for it, by language. */
export const signIn: Record<Language, Readonly<{ here: string; elsewhere: string }>> = {
  en: enSignIn,
  sv: svSignIn,
}

/** What a person reads after signing out, by language. */
export const farewell: Record<Language, Text> = { en: enFarewell, sv: svFarewell }
