import type { FirehoseOperation } from '../../pipeline/change-event.ts'
import type { DeclaredTable } from './declared-tables.ts'
import type { ColumnMatch } from './row.ts'
import type { Members } from './scan/envelope.ts'
import type { Shape } from './scan/shape.ts'

/** Change events of one shape, and what becomes of them. */
export interface Form {
  readonly shape: Shape
  readonly table: DeclaredTable
  readonly match: ColumnMatch
  /** The event has the row before: under full replica identity. */
  readonly hasBefore: boolean
  /** By the character code of Debezium's operation; only those that take the row from the same image. */
  readonly operations: Readonly<Partial<Record<number, FirehoseOperation>>>
}

/** So many forms of one table are kept; a shape that does not match is mostly given up within its first bytes. */
const mostForms = 12

/** The forms of the change events that were met before. */
export class FamiliarForms {
  #last: Form | undefined
  /** By {@link tableHint}; the form that was met last comes first. */
  readonly #ofTable = new Map<string, Form[]>()

  /** The form that the event in `bytes[0…length)` has; the members of its row image are then in `image`. For the rest see {@link Shape}. */
  find(bytes: Buffer, view: DataView, length: number, image: Members): Form | undefined {
    const has = ({ shape, operations }: Form) => shape.matches(bytes, view, length, image) && operations[shape.op] !== undefined
    if (this.#last && has(this.#last)) return this.#last
    const forms = this.#ofTable.get(tableHint(bytes, length))
    if (!forms) return undefined
    for (let k = 0; k < forms.length; k++) {
      const form = forms[k]!
      if (form === this.#last || !has(form)) continue
      forms[k] = forms[0]!
      forms[0] = form
      this.#last = form
      return form
    }
    return undefined
  }

  /** Adds the form of the event in `bytes[0…length)`; with too many of its table, one that was not met for long is forgotten. */
  add(bytes: Buffer, length: number, form: Form): void {
    const hint = tableHint(bytes, length)
    const forms = this.#ofTable.get(hint)
    if (!forms) this.#ofTable.set(hint, [form])
    else if (forms.length < mostForms) forms.unshift(form)
    else forms[mostForms - 1] = form
    this.#last = form
  }
}

const tableMark = Buffer.from('"table":"')

/** What follows the last `"table":"`: nearly always the table's name. It narrows down which forms are tried, no more. */
function tableHint(bytes: Buffer, length: number): string {
  const at = bytes.lastIndexOf(tableMark, length)
  if (at === -1) return ''
  const start = at + tableMark.length
  let end = start
  while (end < length && bytes[end] !== 34 && end - start < 63) end++
  return bytes.toString('latin1', start, end)
}
