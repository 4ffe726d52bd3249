import { CfnOutput, Duration } from 'aws-cdk-lib'
import { Alarm, Dashboard, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { type ITopic, Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { stateMachineArn } from '../arns.ts'
import { DeploymentStack, type StackSettings } from '../deployment-stack.ts'
import { type AlarmDefinition, comparison } from '../monitoring/alarm-definition.ts'
import { alarmDefinitions } from '../monitoring/alarms.ts'
import { dashboardRows } from '../monitoring/dashboard.ts'
import { pipelineMetrics } from '../monitoring/metrics.ts'

/** Alarms that say what to do, and one dashboard. */
export class CdcMonitoring extends DeploymentStack {
  constructor(scope: Construct, { deployment }: StackSettings) {
    super(scope, 'CdcMonitoring', deployment, 'Alarms and dashboard from the WAL to the row')
    const { names } = this
    const metrics = pipelineMetrics(deployment, names, stateMachineArn(this, names.stateMachine))
    const topic = this.topic()
    const action = new SnsAction(topic)
    const alarms = Object.fromEntries(
      alarmDefinitions(deployment, metrics).map((definition) => {
        const alarm = this.alarm(definition)
        alarm.addAlarmAction(action)
        alarm.addOkAction(action)
        return [definition.name, alarm]
      }),
    )
    const dashboard = new Dashboard(this, 'Dashboard', { dashboardName: names.dashboard, defaultInterval: Duration.hours(3) })
    dashboard.addWidgets(...dashboardRows(deployment, metrics, alarms))
    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn, description: 'Topic that every alarm goes to' })
    new CfnOutput(this, 'DashboardName', { value: names.dashboard, description: 'The dashboard' })
  }

  private alarm(definition: AlarmDefinition): Alarm {
    const { name, says, reason, metric, threshold, periods, missing } = definition
    return new Alarm(this, name, {
      alarmName: this.names.alarm(name),
      alarmDescription: `${says} Why this threshold: ${reason}. What to do: ${this.deployment.alarms.runbook}#${name}`,
      metric,
      threshold,
      comparisonOperator: comparison(definition),
      evaluationPeriods: periods,
      treatMissingData: missing ?? TreatMissingData.NOT_BREACHING,
    })
  }

  private topic(): ITopic {
    const { topic: given, email } = this.deployment.alarms
    if (given !== undefined) return Topic.fromTopicArn(this, 'AlarmTopic', given)
    const topic = new Topic(this, 'AlarmTopic', { topicName: this.names.alarmTopic, enforceSSL: true })
    topic.addToResourcePolicy(
      new PolicyStatement({
        actions: ['sns:Publish'],
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.deployment.account } },
      }),
    )
    if (email !== undefined) new Subscription(this, 'AlarmEmail', { topic, protocol: SubscriptionProtocol.EMAIL, endpoint: email })
    return topic
  }
}
