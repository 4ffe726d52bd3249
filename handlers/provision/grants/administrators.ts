import {
  type DataLakeSettings,
  GetDataLakeSettingsCommand,
  type LakeFormationClient,
  PutDataLakeSettingsCommand,
} from '@aws-sdk/client-lakeformation'
import { PipelineError } from '../../../pipeline/errors.ts'

/** https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_DataLakeSettings.html */
const maximumAdministrators = 30

/**
 * Adds a role to the data lake administrators where it is not one. The settings have no version, and putting them replaces all of them: so everything that
 * was read is written back, and read again.
 * @returns whether it had to be added
 * @throws PipelineError `GrantsRefused` where there is no room, `GrantNotEffective` where somebody else wrote at the same time
 */
export async function ensureAdministrator(lakeFormation: LakeFormationClient, role: string): Promise<boolean> {
  const settings = await readSettings(lakeFormation)
  if (isAdministrator(settings, role)) return false
  const administrators = settings.DataLakeAdmins ?? []
  if (administrators.length >= maximumAdministrators) {
    throw new PipelineError(
      'GrantsRefused',
      `The account has ${administrators.length} data lake administrators, and there can be no more: remove one, or have one of them let ${role} grant.`,
    )
  }
  const DataLakeAdmins = [...administrators, { DataLakePrincipalIdentifier: role }]
  await lakeFormation.send(new PutDataLakeSettingsCommand({ DataLakeSettings: { ...settings, DataLakeAdmins } }))
  if (!isAdministrator(await readSettings(lakeFormation), role)) {
    throw new PipelineError(
      'GrantNotEffective',
      `${role} was added to the data lake administrators, and is not among them: another change came between.`,
    )
  }
  return true
}

/** Takes a role out of the data lake administrators, others as they are. @returns whether it was one of them */
export async function removeAdministrator(lakeFormation: LakeFormationClient, role: string): Promise<boolean> {
  const settings = await readSettings(lakeFormation)
  if (!isAdministrator(settings, role)) return false
  const DataLakeAdmins = settings.DataLakeAdmins?.filter(({ DataLakePrincipalIdentifier }) => DataLakePrincipalIdentifier !== role)
  await lakeFormation.send(new PutDataLakeSettingsCommand({ DataLakeSettings: { ...settings, DataLakeAdmins } }))
  return true
}

/** Whether a role is one of the data lake administrators now. */
export async function administers(lakeFormation: LakeFormationClient, role: string): Promise<boolean> {
  return isAdministrator(await readSettings(lakeFormation), role)
}

function isAdministrator({ DataLakeAdmins = [] }: DataLakeSettings, role: string): boolean {
  return DataLakeAdmins.some(({ DataLakePrincipalIdentifier }) => DataLakePrincipalIdentifier === role)
}

async function readSettings(lakeFormation: LakeFormationClient): Promise<DataLakeSettings> {
  const { DataLakeSettings } = await lakeFormation.send(new GetDataLakeSettingsCommand({}))
  // Writing back what was not read would remove every administrator.
  if (!DataLakeSettings) throw new Error('Lake Formation answered GetDataLakeSettings without settings')
  return DataLakeSettings
}
