/** Blocks of the `arraybuffer` format: a type code and a size (both big-endian), then the data. */

/** The bytes of a block. */
export type Block = Uint8Array

interface NumberType {
  readonly code: number
  readonly size: 1 | 2 | 4
  readonly range: readonly [least: number, greatest: number] | undefined
  readonly write: (view: DataView, offset: number, value: number) => void
}

const int8 = (view: DataView, offset: number, value: number) => view.setInt8(offset, value)
const uint8 = (view: DataView, offset: number, value: number) => view.setUint8(offset, value)
const int16 = (view: DataView, offset: number, value: number) => view.setInt16(offset, value, true)
const uint16 = (view: DataView, offset: number, value: number) => view.setUint16(offset, value, true)
const uint32 = (view: DataView, offset: number, value: number) => view.setUint32(offset, value, true)
const float = (view: DataView, offset: number, value: number) => view.setFloat32(offset, value, true)

const types: ReadonlyArray<NumberType> = [
  { code: 1, size: 1, range: [-0x80, 0x7f], write: int8 },
  { code: 2, size: 1, range: [0, 0xff], write: uint8 },
  { code: 4, size: 2, range: [-0x8000, 0x7fff], write: int16 },
  { code: 5, size: 2, range: [0, 0xffff], write: uint16 },
  // the real server writes int32 as unsigned
  { code: 6, size: 4, range: [0, 0xffffffff], write: uint32 },
  { code: 7, size: 4, range: [0, 0xffffffff], write: uint32 },
  { code: 8, size: 4, range: undefined, write: float }
]

/** Type codes by the names with which columns request them. */
export const codes: ReadonlyMap<string, number> = new Map([
  ["int8", 1],
  ["uint8", 2],
  ["int16", 4],
  ["uint16", 5],
  ["int32", 6],
  ["uint32", 7],
  ["float32", 8]
])

/** Type code of 32-bit floating-point numbers. */
export const float32 = 8

const HEADER = 8
const LIST = 11
const TEXT = 5

const open = (code: number, size: number): readonly [Uint8Array, DataView] => {
  const bytes = new Uint8Array(HEADER + size)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, code)
  view.setUint32(4, size)
  return [bytes, view]
}

/** Creates a block of numbers. Throws `RangeError` for a number outside the range of its type. */
export const numberBlock = (code: number, values: ReadonlyArray<number>): Block => {
  const type = types.find((candidate) => candidate.code === code)
  if (type === undefined) throw new RangeError(`there is no type ${code}`)
  const [bytes, view] = open(code, type.size * values.length)
  for (const [index, value] of values.entries()) {
    const [least, greatest] = type.range ?? [-Infinity, Infinity]
    if (value < least || value > greatest) {
      throw new RangeError(
        `The value of "value" is out of range. It must be >= ${least} and <= ${greatest}. Received ${value}`
      )
    }
    type.write(view, HEADER + index * type.size, value)
  }
  return bytes
}

/** Creates a block of text as UTF-16 code units. */
export const textBlock = (text: string): Block =>
  numberBlock(
    TEXT,
    Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
  )

/** Creates a block of blocks, each of which begins at a multiple of four bytes. */
export const block = (code: number, blocks: ReadonlyArray<Block>): Block => {
  const offsets: Array<number> = []
  let end = HEADER
  for (const { length } of blocks) {
    const start = Math.ceil(end / 4) * 4
    offsets.push(start)
    end = start + length
  }
  const [bytes] = open(code, end - HEADER)
  for (const [index, inner] of blocks.entries()) bytes.set(inner, offsets[index] ?? HEADER)
  return bytes
}

/** Creates a block that holds a list of blocks. */
export const listBlock = (blocks: ReadonlyArray<Block>): Block => block(LIST, blocks)
