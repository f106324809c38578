import { en, type Words } from './en.ts'
import { sv } from './sv.ts'

/** The page template and all texts. Functions load this file on demand: `infra/bundling.ts`. */

export { page, pagePolicy } from './page.ts'

/** Every language, with the default first. To add one, write its file and list it here. */
export const languages: readonly [Words, ...Words[]] = [en, sv]
