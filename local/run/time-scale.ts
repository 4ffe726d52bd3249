/**
 * Seconds on this machine for a second at AWS: a tenth of a second here stands for a minute there. It shortens what AWS's own machinery takes (a
 * cluster that is UPDATING, a connector that is CREATING) and the Wait and Retry times of the state machine; what the engines really do takes the
 * time that it takes.
 */
export const timeScale = 1 / 600
