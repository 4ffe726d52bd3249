import { type ElementSpan, elementSpans, valueKind } from '../scan/json-scan.ts'
import { type Encoder, unexpectedValue, unrepresentableValue } from './encoder.ts'
import { refuseListPlaceholder, refusePlaceholder } from './unavailable.ts'

const { array: ARRAY, null: NULL, string: STRING } = valueKind

/** An array of one dimension, each element by the codec of its type; copied when no element changes. */
export function listEncoder(encodeElement: Encoder): Encoder {
  return (bytes, start, end, kind, column) => {
    if (kind !== ARRAY) {
      refusePlaceholder(bytes, start, end, kind, column)
      throw unexpectedValue(column, 'an array')
    }
    refuseListPlaceholder(bytes, start, end, column)
    const elements = elementSpans(bytes, start)
    refuseNested(bytes, elements, column)
    const texts = elements.map((element) =>
      element.kind === NULL ? undefined : encodeElement(bytes, element.start, element.end, element.kind, column),
    )
    if (texts.every((text) => text === undefined)) return undefined
    return `[${elements.map((element, index) => texts[index] ?? bytes.toString('utf8', element.start, element.end)).join(',')}]`
  }
}

/**
 * Refuses what Debezium makes of an array of more than one dimension: nulls, or Java's names of the inner arrays
 * (`[Ljava.lang.String;@1b2c3d`). An array of nothing but NULL cannot be told apart.
 */
function refuseNested(bytes: Buffer, elements: readonly ElementSpan[], column: string): void {
  const [first] = elements
  if (first === undefined) return
  const isArrayName =
    first.kind === STRING && bytes[first.start + 1] === 91 && arrayName.test(bytes.toString('latin1', first.start + 1, first.end - 1))
  if (isArrayName || elements.every(({ kind }) => kind === NULL)) throw unrepresentableValue(column, 'an array of more than one dimension')
}

const arrayName = /^\[+[A-Z][\w.$]*;?@[0-9a-f]+$/
