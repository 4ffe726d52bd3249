import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { scalarText } from '../../../local/cloudformation/json.ts'
import { errorNames } from '../../../pipeline/errors.ts'
import { localDeployment, ofType, synthesized } from '../../lib/synthesized.ts'

const runbook = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'runbook.md'), 'utf8')
const headings = [...runbook.matchAll(/^### (.+)$/gm)].map(([, heading = '']) => heading)
const alarms = ofType(synthesized(localDeployment), 'AWS::CloudWatch::Alarm').map(({ Properties }) =>
  scalarText(Properties?.AlarmName).replace('aurora-cdc-', ''),
)

test('the runbook has a heading for every alarm and every error name, and no other', () => {
  expect(headings.toSorted()).toEqual([...alarms, ...Object.keys(errorNames)].toSorted())
})

test('every heading is followed by what to do', () => {
  for (const heading of headings) expect(runbook).toMatch(new RegExp(`^### ${heading}\n\n[^#]{40,}`, 'm'))
})

test('what the runbook links to within itself is there', () => {
  const anchors = [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase().replaceAll(' ', '-'))
  for (const [, target] of runbook.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(target)
})
