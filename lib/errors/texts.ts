import { en, type Words } from './en.ts'
import { sv } from './sv.ts'

/** What pages and problem documents are written with. A function loads this file on demand: `infra/bundling.ts`. */

export { page, pagePolicy } from './page.ts'

/** Every language, the one for everybody else first. To add one, write its file and name it here. */
export const languages: readonly [Words, ...Words[]] = [en, sv]
