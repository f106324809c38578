/** Runs this, and resolves to the log lines that it has written to standard output. */
export const writtenBy = async (work: () => Promise<unknown>): Promise<string[]> => {
  const { stdout } = process
  const write = stdout.write.bind(stdout)
  const lines: string[] = []
  stdout.write = ((chunk: string | Uint8Array, ...rest: []) => {
    if (typeof chunk !== 'string' || !chunk.startsWith('{"level"')) return write(chunk, ...rest)
    lines.push(chunk)
    return true
  }) as typeof stdout.write
  await work().finally(() => {
    stdout.write = write
  })
  return lines
}
