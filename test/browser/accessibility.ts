import { deepEqual } from 'node:assert/strict'
import axe from 'axe-core'
import type { Page } from 'playwright-core'

type Result = { id: string; help: string; nodes: { html: string }[] }

/** Checks a page against every rule of axe-core, even when its policy allows no scripts. */
export const accessible = async (page: Page, what: string): Promise<void> => {
  await page.evaluate(axe.source)
  const found: { violations: Result[] } = await page.evaluate('axe.run({ resultTypes: ["violations"] })')
  const findings = found.violations.map(({ id, help, nodes }) => [id, help, nodes.map(({ html }) => html)])
  deepEqual(findings, [], what)
}
