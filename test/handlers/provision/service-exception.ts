import { RDSDataServiceException } from '@aws-sdk/client-rds-data'

/** An exception as the clients throw it, under any name: some that the services answer with are not in their models. */
export function serviceException(name: string, message: string, httpStatusCode = 400): RDSDataServiceException {
  return new RDSDataServiceException({ name, message, $fault: 'client', $metadata: { httpStatusCode } })
}
