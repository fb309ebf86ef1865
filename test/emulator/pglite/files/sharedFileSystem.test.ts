/** The disk that another thread reads always equals the file system. */
import { MemoryFS, PGlite } from "@electric-sql/pglite"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Disk from "../../../../src/emulator/pglite/files/disk.ts"
import * as SharedFileSystem from "../../../../src/emulator/pglite/files/sharedFileSystem.ts"

/** Numbers as if by chance, the same each time. */
const makeRandom = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const ROOT = "/pglite/data"

const open = (disk: Disk.Disk, capacity: number) =>
  Effect.gen(function* () {
    const replica: Disk.Disk = { image: disk.image, entries: new Map(disk.entries) }
    const fs = SharedFileSystem.make(MemoryFS, disk, { capacity, tell: (change) => Disk.apply(replica, change) })
    const pglite = yield* Effect.acquireRelease(
      Effect.promise(() => PGlite.create({ fs, noInitDb: true })),
      () => Effect.void
    )
    return { replica, files: pglite.Module.FS }
  })

const bytesOf = (disk: Disk.Disk, { data }: Disk.Entry): Uint8Array | undefined => {
  if (data === "folder") return undefined
  if ("at" in data) return new Uint8Array(disk.image, data.at, data.size).slice()
  const size = new Float64Array(data.size)[0] ?? 0
  return new Uint8Array(Buffer.concat(data.chunks.map((chunk) => new Uint8Array(chunk).slice())).subarray(0, size))
}

/** The files of a disk by their paths; folders have no bytes. */
const contents = (disk: Disk.Disk): ReadonlyMap<string, Uint8Array | undefined> => {
  const path = ({ name, parent }: Disk.Entry): string => {
    const folder = disk.entries.get(parent)
    return folder === undefined ? name : `${path(folder)}/${name}`
  }
  return new Map([...disk.entries.values()].map((entry) => [path(entry), bytesOf(disk, entry)]))
}

const assertSame = (found: ReadonlyMap<string, Uint8Array | undefined>, expected: ReadonlyMap<string, Uint8Array>) => {
  const files = [...found].filter(([, bytes]) => bytes !== undefined)
  assert.deepStrictEqual(files.map(([name]) => name).toSorted(), [...expected.keys()].toSorted())
  for (const [name, bytes] of files) {
    assert.isTrue(Buffer.from(bytes ?? []).equals(expected.get(name) ?? Buffer.from("none")), name)
  }
}

const resized = (bytes: Uint8Array, size: number): Uint8Array => {
  const next = new Uint8Array(size)
  next.set(bytes.subarray(0, size))
  return next
}

it.effect("a shared disk receives every write, rename and removal", () =>
  Effect.gen(function* () {
    const { files, replica } = yield* open(Disk.empty(), 2 ** 30)
    const random = makeRandom(1)
    const model = new Map<string, Uint8Array>()
    files.mkdir(`${ROOT}/a`)
    files.mkdir(`${ROOT}/b`)
    const names = ["x", "y", "a/x", "a/y", "b/x"]
    for (let step = 0; step < 400; step += 1) {
      const name = names[random(names.length)] ?? "x"
      const known = model.get(name)
      const action = known === undefined ? 0 : random(6)
      if (action <= 2) {
        const position = random(4) === 0 ? random(3_000_000) : random((known?.length ?? 0) + 1)
        const bytes = new Uint8Array(random(10) === 0 ? random(2_500_000) : random(20_000)).fill(1 + random(250))
        const stream = files.open(`${ROOT}/${name}`, known === undefined ? "w+" : "r+")
        files.write(stream, bytes, 0, bytes.length, position)
        files.close(stream)
        const next = resized(
          known ?? new Uint8Array(),
          Math.max(known?.length ?? 0, bytes.length && position + bytes.length)
        )
        next.set(bytes, bytes.length > 0 ? position : 0)
        model.set(name, next)
      } else if (action === 3 && known !== undefined) {
        const size = random(2) === 0 ? random(known.length + 1) : random(2_000_000)
        files.truncate(`${ROOT}/${name}`, size)
        model.set(name, resized(known, size))
      } else if (action === 4 && known !== undefined) {
        const target = names[random(names.length)] ?? "x"
        files.rename(`${ROOT}/${name}`, `${ROOT}/${target}`)
        model.delete(name)
        model.set(target, known)
      } else {
        files.unlink(`${ROOT}/${name}`)
        model.delete(name)
      }
      if (step % 20 === 0) assertSame(contents(replica), model)
    }
    assertSame(contents(replica), model)

    // and another takes it over
    const next = yield* open(replica, 2 ** 30)
    for (const [name, bytes] of model) {
      assert.isTrue(Buffer.from(next.files.readFile(`${ROOT}/${name}`)).equals(bytes), name)
    }
    next.files.mkdir(`${ROOT}/c`)
    assert.isTrue(contents(next.replica).has("c"))
    next.files.rmdir(`${ROOT}/c`)
    assert.isFalse(contents(next.replica).has("c"))
  }).pipe(Effect.scoped)
)

it.effect("a full disk is reported, and removing a file frees its space", () =>
  Effect.gen(function* () {
    const { files } = yield* open(Disk.empty(), 4 * Disk.CHUNK)
    const write = (name: string) => files.writeFile(`${ROOT}/${name}`, new Uint8Array(3 * Disk.CHUNK))
    write("a")
    assert.throws(() => write("b"))
    files.unlink(`${ROOT}/a`)
    files.unlink(`${ROOT}/b`)
    write("c")
    assert.strictEqual(files.stat(`${ROOT}/c`).size, 3 * Disk.CHUNK)
  }).pipe(Effect.scoped)
)

it.effect("an open file stays readable after its removal", () =>
  Effect.gen(function* () {
    const { files, replica } = yield* open(Disk.empty(), 2 ** 30)
    const stream = files.open(`${ROOT}/a`, "w+")
    files.write(stream, new Uint8Array(10).fill(1), 0, 10, 0)
    files.unlink(`${ROOT}/a`)
    files.writeFile(`${ROOT}/b`, new Uint8Array(10).fill(2))
    files.write(stream, new Uint8Array(20_000).fill(3), 0, 20_000, 10)
    const read = new Uint8Array(12)
    files.read(stream, read, 0, 12, 0)
    assert.deepStrictEqual([...read], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3])
    files.close(stream)
    assert.deepStrictEqual([...contents(replica).keys()], ["b"])
    assert.isTrue(Buffer.from(contents(replica).get("b") ?? []).equals(new Uint8Array(10).fill(2)))
  }).pipe(Effect.scoped)
)

it.effect("an image does not change when its files are written", () =>
  Effect.gen(function* () {
    const header = Buffer.alloc(512)
    header.write("/base/1")
    header.write("00000000005", 124)
    header.write("0", 156)
    const content = Buffer.alloc(512)
    content.write("hello")
    const disk = Disk.fromTar(Buffer.concat([header, content, Buffer.alloc(1024)]))
    const first = yield* open(disk, 2 ** 30)
    const second = yield* open(disk, 2 ** 30)
    const stream = first.files.open(`${ROOT}/base/1`, "r+")
    first.files.write(stream, Buffer.from("J"), 0, 1, 0)
    first.files.close(stream)
    assert.strictEqual(Buffer.from(first.files.readFile(`${ROOT}/base/1`)).toString(), "Jello")
    assert.strictEqual(Buffer.from(contents(first.replica).get("base/1") ?? []).toString(), "Jello")
    assert.strictEqual(Buffer.from(second.files.readFile(`${ROOT}/base/1`)).toString(), "hello")
  }).pipe(Effect.scoped)
)
