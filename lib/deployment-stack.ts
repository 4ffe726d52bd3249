import { Stack, type StackProps } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { Deployment } from '../pipeline/deployment.ts'
import { type ResourceNames, resourceNames } from '../pipeline/resource-names.ts'
import type { CapturedTable } from '../pipeline/tables.ts'

export interface StackSettings {
  readonly deployment: Deployment
  /** Every table that has an Iceberg table, the canary included. */
  readonly tables: readonly CapturedTable[]
  /** File of the plugin for MSK Connect, a zip. */
  readonly plugin: string
}

/** A stack of one deployment: in its account and Region, with its prefix and tags. */
export abstract class DeploymentStack extends Stack {
  readonly deployment: Deployment
  readonly names: ResourceNames

  /** @param name the stack's name without the deployment's prefix */
  constructor(scope: Construct, name: string, deployment: Deployment, description: string, props: StackProps = {}) {
    const names = resourceNames(deployment)
    const { account, region, tags } = deployment
    super(scope, names.stack(name), { ...props, env: { account, region }, description, tags })
    this.deployment = deployment
    this.names = names
  }
}
