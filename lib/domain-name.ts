const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const shape = new RegExp(`^${label}(\\.${label})+$`)

/** Whether a text is a lower-case domain name of two labels or more, and not an IP address. */
export const isDomainName = (text: string): boolean => shape.test(text) && !/\.\d+$/.test(text)
