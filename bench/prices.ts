/**
 * List prices in us-east-1 in US dollars, on demand, without free tiers, discounts, support and taxes. Look
 * up current prices for a budget: https://aws.amazon.com/{api-gateway,lambda,dynamodb,cloudwatch,kms,
 * secrets-manager}/pricing/, and https://aws.amazon.com/ec2/pricing/on-demand/ for data out.
 */

type Tier = readonly [amount: number, price: number]
/** `per`: the number of units that the price is for. `tiers`: the amount a month at each price. */
type Price = Readonly<{ what: string; unit: string; per: number; tiers: readonly Tier[] }>

const rest = Number.POSITIVE_INFINITY

/** When the prices were read. */
export const pricesOf = '2025-06'

/** All prices. */
export const prices = {
  httpApi: {
    what: 'API Gateway, HTTP API',
    unit: 'request',
    per: 1e6,
    tiers: [
      [300e6, 1.0],
      [rest, 0.9],
    ],
  },
  lambdaRequests: { what: 'Lambda, requests', unit: 'request', per: 1e6, tiers: [[rest, 0.2]] },
  lambdaSeconds: {
    what: 'Lambda, time, arm64',
    unit: 'GB-second',
    per: 1,
    tiers: [
      [7.5e9, 0.0000133334],
      [11.25e9, 0.0000120001],
      [rest, 0.0000106667],
    ],
  },
  tableReads: { what: 'DynamoDB, reads', unit: 'read unit', per: 1e6, tiers: [[rest, 0.125]] },
  tableWrites: { what: 'DynamoDB, writes', unit: 'write unit', per: 1e6, tiers: [[rest, 0.625]] },
  logs: {
    what: 'CloudWatch Logs',
    unit: 'byte',
    per: 1e9,
    tiers: [
      [10_240e9, 0.5],
      [20_480e9, 0.25],
      [20_480e9, 0.1],
      [rest, 0.05],
    ],
  },
  sent: {
    what: 'data out',
    unit: 'byte',
    per: 1e9,
    tiers: [
      [10_240e9, 0.09],
      [40_960e9, 0.085],
      [102_400e9, 0.07],
      [rest, 0.05],
    ],
  },
  alarmMetrics: { what: 'alarms', unit: 'metric', per: 1, tiers: [[rest, 0.1]] },
  compositeAlarms: { what: 'composite alarms', unit: 'alarm', per: 1, tiers: [[rest, 0.5]] },
  ownMetrics: { what: 'metrics of its own', unit: 'metric', per: 1, tiers: [[rest, 0.3]] },
  dashboards: { what: 'dashboard', unit: 'dashboard', per: 1, tiers: [[rest, 3]] },
  keys: { what: 'key that encrypts alarms', unit: 'key', per: 1, tiers: [[rest, 1]] },
  secrets: { what: 'secret', unit: 'secret', per: 1, tiers: [[rest, 0.4]] },
} as const satisfies Record<string, Price>

export type PriceName = keyof typeof prices

/** The monthly price of this many units. */
export const dollars = (name: PriceName, amount: number): number => {
  const { per, tiers }: Price = prices[name]
  let [left, sum] = [amount, 0]
  for (const [size, price] of tiers) {
    const part = Math.min(left, size)
    sum += (part / per) * price
    left -= part
  }
  return sum
}
