/** What the steps know of the deployment from their environment. Apart from the plan, whose making needs what no bundle should carry. */

/** Environment variables of every step, each an ARN or id that is drawn when the resource is made. */
export const provisioningVariables = {
  clusterArn: 'CLUSTER_ARN',
  pluginArn: 'CONNECT_PLUGIN_ARN',
  workerConfigurationArn: 'CONNECT_WORKER_CONFIGURATION_ARN',
  workerSecurityGroup: 'CONNECT_SECURITY_GROUP',
} as const

export type ProvisioningEnvironment = Readonly<Record<keyof typeof provisioningVariables, string>>
