import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { latin1, Span } from "../../src/lib/bytes.ts";
import { Arena, NULL } from "../../src/memory/arena.ts";
import { PackedBuilder } from "../../src/structures/packed-builder.ts";
import { EMPTY_BYTES, PackedList } from "../../src/structures/packed-list.ts";

const INTEGERS = [7, 9, 10, 13, 16, 20, 27, 31].flatMap((bits) => [2 ** bits - 1, -(2 ** bits), 10 ** (bits % 10)]);
const text = fc.oneof(
  fc.string({ unit: "binary-ascii", maxLength: 12 }),
  fc.stringMatching(/^[-0-9.:TZ ]{0,30}$/),
  fc.stringMatching(/^[0-9]{19}$/),
  fc.nat({ max: 300 }).map((len) => "x".repeat(len)),
  fc.constantFrom("y".repeat(65_535), "z".repeat(65_536)),
);
const integer = fc.oneof(fc.integer(), fc.integer({ min: -200, max: 1200 }), fc.constantFrom(0, ...INTEGERS));
const elements = fc.array(fc.oneof({ weight: 3, arbitrary: text }, { weight: 2, arbitrary: integer }), {
  maxLength: 200,
  size: "large",
});

function add(builder: PackedBuilder, element: string | number): void {
  if (typeof element === "number") builder.integer(element);
  else builder.text(Buffer.from(element, "latin1"), 0, element.length);
}

/** The block as it is, without what is between contents and codes. */
function blockOf(list: PackedList): string[] {
  const span = new Span();
  const texts: string[] = [];
  for (list.toStart(); list.index < list.count; list.next()) {
    list.read(span);
    texts.push(latin1(span.buf, span.start, span.len));
  }
  return texts;
}

describe("PackedBuilder", () => {
  test("makes the list that inserting makes", () => {
    const arena = new Arena();
    const builder = new PackedBuilder(arena);
    const made = new PackedList(arena);
    const inserted = new PackedList(arena);
    const before = arena.usedBytes;
    const span = new Span();
    fc.assert(
      fc.property(elements, (all) => {
        builder.begin();
        inserted.open(NULL, EMPTY_BYTES);
        for (const element of all) {
          add(builder, element);
          builder.readLast(span);
          expect(latin1(span.buf, span.start, span.len)).toBe(String(element));
          const bytes = Buffer.from(String(element), "latin1");
          inserted.insert(bytes, 0, bytes.length);
          inserted.next();
        }
        expect(builder.bytes).toBe(inserted.bytes);
        expect(builder.count).toBe(inserted.count);
        made.open(builder.finish(), builder.bytes);
        expect(blockOf(made)).toEqual(all.map(String));
        // Found by its encoded form: so each text has the form that a search expects.
        for (const element of all) {
          const bytes = Buffer.from(String(element), "latin1");
          made.toStart();
          expect(made.find(0, bytes, 0, bytes.length)).toBe(true);
          expect(made.index).toBe(all.findIndex((one) => String(one) === String(element)));
        }
        made.free();
        inserted.free();
        expect(arena.usedBytes).toBe(before);
      }),
      { numRuns: 150 },
    );
  });

  test("knows what is repeated, at the places that count", () => {
    const builder = new PackedBuilder(new Arena());
    const one = fc.oneof(
      fc.constantFrom("a", "b", "10", "x".repeat(300), "", "same start 1", "same start 2"),
      fc.constantFrom(10, 11, 300),
    );
    fc.assert(
      fc.property(fc.array(one), fc.constantFrom(1, 2), fc.constantFrom(0, 1), (all, stride, first) => {
        builder.begin();
        for (const element of all) add(builder, element);
        const asked = all.filter((_, at) => at >= first && (at - first) % stride === 0).map(String);
        expect(builder.hasRepeated(stride, first)).toBe(new Set(asked).size < asked.length);
      }),
    );
  });

  test("finds what is repeated among very many", () => {
    const builder = new PackedBuilder(new Arena());
    for (const repeated of [undefined, "name7", "name29999"]) {
      builder.begin();
      for (let i = 0; i < 30_000; i++) add(builder, `name${i}`);
      if (repeated !== undefined) add(builder, repeated);
      expect(builder.hasRepeated(1, 0)).toBe(repeated !== undefined);
    }
  });
});
