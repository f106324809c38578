import { readFileSync } from 'node:fs'

/**
 * The text of alarm messages, taken from the runbook because the reader may not have the repository at hand.
 */

/**
 * A section of a document by its heading: one line that names linked files and has no other markup, or
 * nothing.
 */
export const sectionOf = (document: string, heading: string): string => {
  const [, section = ''] = document.split(new RegExp(`^#+ ${heading}$`, 'm'))
  const [own = ''] = section.split(/^#/m)
  return own
    .replaceAll(/\[([^\]]*)\]\((\w[\w/.-]*)[^)]*\)/g, '$1 ($2)')
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('**', '')
    .replaceAll(/^- /gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

const runbook = readFileSync(new URL('../docs/runbook.md', import.meta.url), 'utf8')

/** The steps to check and to do, from the entry of this name in docs/runbook.md. */
export const stepsOf = (alarm: string): string => sectionOf(runbook, alarm).replace(/^.*? (?=Check: )/, '')
