import { elementSpans, valueKind } from '../json-scan.ts'
import { type Encoder, unexpectedValue } from './encoder.ts'
import { refuseListPlaceholder, refusePlaceholder } from './unavailable.ts'

const { array: ARRAY, null: NULL } = valueKind

/** An array of one dimension, each element by the codec of its type; copied when no element changes. */
export function listEncoder(encodeElement: Encoder): Encoder {
  return (bytes, start, end, kind, column) => {
    if (kind !== ARRAY) {
      refusePlaceholder(bytes, start, end, kind, column)
      throw unexpectedValue(column, 'an array')
    }
    refuseListPlaceholder(bytes, start, end, column)
    const elements = elementSpans(bytes, start)
    const texts = elements.map((element) =>
      element.kind === NULL ? undefined : encodeElement(bytes, element.start, element.end, element.kind, column),
    )
    if (texts.every((text) => text === undefined)) return undefined
    return `[${elements.map((element, index) => texts[index] ?? bytes.toString('utf8', element.start, element.end)).join(',')}]`
  }
}
