/** `0 rows`, `1 row`, `2 rows` */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** `0 B`, `1.5 MiB` */
export function bytesText(bytes: number): string {
  const power = Math.min(Math.max(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 0), units.length - 1)
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}

/** `3 min ago`, `2 days ago` */
export function agoText(at: string, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(at)) / 1000))
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 60 * 60) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 48 * 60 * 60) return `${Math.floor(seconds / 60 / 60)} h ago`
  return `${Math.floor(seconds / 24 / 60 / 60)} days ago`
}
