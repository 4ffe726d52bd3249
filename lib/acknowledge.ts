import { Stack, Validations } from 'aws-cdk-lib'
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js'
import type { IConstruct } from 'constructs'

/** Accepts findings of cdk-nag on one resource, each with the reason why it is right as it is. */
export function acknowledge(construct: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons)) Validations.of(construct).acknowledge({ id, reason })
}

/** Accepts that a role's or policy's resources hold a `*`: each resource as it stands in the statement, with its reason. */
export function acknowledgeWildcards(construct: IConstruct, reasons: readonly (readonly [resource: string, reason: string])[]): void {
  for (const [resource, reason] of reasons) {
    const finding = flattenCfnReference(Stack.of(construct).resolve(resource))
    Validations.of(construct).acknowledge({ id: `AwsSolutions-IAM5[Resource::${finding}]`, reason })
  }
}
