import { assert, describe, it } from "@effect/vitest"
import { type Geometry, topology } from "../../../../src/emulator/sql-api/formats/topology.ts"

const square = (x: number): Geometry => ({
  type: "Polygon",
  coordinates: [
    [
      [x, 0],
      [x, 1],
      [x + 1, 1],
      [x + 1, 0],
      [x, 0]
    ]
  ]
})

type Point = readonly [number, number]

const positions = (arc: ReadonlyArray<Point>): ReadonlyArray<Point> => {
  let [x, y] = [0, 0]
  return arc.map(([dx, dy]) => {
    x += dx
    y += dy
    return [x, y]
  })
}

describe("topology", () => {
  it("topology makes one arc of one ring", () => {
    assert.deepEqual(topology([square(0)]), {
      scale: [1 / 9999, 1 / 9999],
      translate: [0, 0],
      objects: [{ type: "Polygon", arcs: [[0]] }],
      arcs: [
        [
          [0, 0],
          [0, 9999],
          [9999, 0],
          [0, -9999],
          [-9999, 0]
        ]
      ]
    })
  })
  it("topology shares a border between polygons, reversed in the second one", () => {
    const { arcs, objects } = topology([square(0), square(1)])
    assert.strictEqual(arcs.length, 3)
    const numbers = objects.flatMap((object) => ("arcs" in object ? object.arcs.flat(2) : []))
    assert.strictEqual(numbers.length, 4)
    const shared = numbers.find((number) => number < 0)
    assert.isDefined(shared)
    if (shared !== undefined) assert.include(numbers, ~shared)
  })
  it("topology keeps every ring, closed", () => {
    const { arcs, objects } = topology([square(0), square(1), square(5)])
    for (const object of objects) {
      if (!("arcs" in object)) continue
      const ring = object.arcs.flat(2).flatMap((number) => {
        const arc = positions(arcs[number < 0 ? ~number : number] ?? [])
        return number < 0 ? arc.toReversed() : arc
      })
      assert.deepEqual(ring[0], ring.at(-1))
      assert.strictEqual(new Set(ring.map(String)).size, 4)
    }
  })
  it("topology turns exterior rings clockwise", () => {
    const { arcs } = topology([
      {
        type: "Polygon",
        coordinates: [
          [
            [0, 0],
            [1, 0],
            [1, 1],
            [0, 0]
          ]
        ]
      }
    ])
    assert.deepEqual(positions(arcs[0] ?? []), [
      [0, 0],
      [9999, 9999],
      [9999, 0],
      [0, 0]
    ])
  })
  it("topology splits lines where they cross", () => {
    const { arcs, objects } = topology([
      {
        type: "LineString",
        coordinates: [
          [0, 0],
          [1, 1],
          [2, 2]
        ]
      },
      {
        type: "LineString",
        coordinates: [
          [0, 2],
          [1, 1],
          [2, 0]
        ]
      }
    ])
    assert.strictEqual(arcs.length, 4)
    assert.deepEqual(objects, [
      { type: "LineString", arcs: [0, 1] },
      { type: "LineString", arcs: [2, 3] }
    ])
  })
  it("topology quantizes points, and is empty without them", () => {
    assert.deepEqual(
      topology([
        {
          type: "MultiPoint",
          coordinates: [
            [1, 5],
            [3, 5]
          ]
        }
      ]),
      {
        scale: [2 / 9999, 1],
        translate: [1, 5],
        objects: [
          {
            type: "MultiPoint",
            coordinates: [
              [0, 0],
              [9999, 0]
            ]
          }
        ],
        arcs: []
      }
    )
    assert.deepEqual(topology([]), { scale: [1, 1], translate: [0, 0], objects: [], arcs: [] })
  })
})
