/** Bars as SVG, without a library: one picture for each main figure. */

export type Bar = Readonly<{ name: string; value: number; note?: string; ours?: boolean }>

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const [left, right, row, top] = [230, 640, 26, 44]

/** Horizontal bars with their values; `line` marks an aim. Readable on light and dark ground. */
export const bars = (title: string, unit: string, rows: readonly Bar[], line?: number): string => {
  const most = Math.max(...rows.map(({ value }) => value), line ?? 0)
  const x = (value: number) => left + ((right - left) * value) / most
  const height = top + rows.length * row + 14
  const body = rows.map(({ name, value, note, ours }, index) => {
    const y = top + index * row
    const label = note ?? `${Number(value.toPrecision(3))} ${unit}`
    return [
      `<text x="${left - 8}" y="${y + 14}" text-anchor="end">${escaped(name)}</text>`,
      `<rect x="${left}" y="${y}" width="${Math.max(1, x(value) - left).toFixed(1)}" height="18" fill="${ours ? '#0f6e84' : '#8a97a3'}"/>`,
      `<text x="${(x(value) + 6).toFixed(1)}" y="${y + 14}">${escaped(label)}</text>`,
    ].join('')
  })
  const aim =
    line === undefined
      ? ''
      : `<path d="M${x(line).toFixed(1)} ${top - 6}V${height - 8}" stroke="#c0392b" stroke-dasharray="4 3"/>`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 ${height}" width="760" height="${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${escaped(title)}">
<style>text{fill:#24313b}@media(prefers-color-scheme:dark){text{fill:#dfe6ea}}</style>
<text x="8" y="22" font-size="15" font-weight="600">${escaped(title)}</text>
${body.join('\n')}
${aim}
</svg>
`
}
