/**
 * Instead of the SDK's discovery of endpoints, which is off unless asked for: DynamoDB has one endpoint
 * for a region.
 */
export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = { environmentVariableSelector: (): boolean => false }

export const resolveEndpointDiscoveryConfig = <T>(input: T): T => input
