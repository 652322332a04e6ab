import { expect, test } from "bun:test";
import { encode } from "../../src/lib/bytes.ts";
import { parseDecimal } from "../../src/lib/decimal.ts";
import { Random } from "../../src/lib/random.ts";

function parse(text: string): number {
  return parseDecimal(encode(text), 0, text.length);
}

const random = new Random(20260517);

function digits(count: number): string {
  return Array.from({ length: count }, () => random.below(10)).join("");
}

test("decimals of up to 19 digits become the nearest double", () => {
  let known = 0;
  for (let i = 0; i < 200_000; i++) {
    const places = random.below(20);
    const all = digits(1 + random.below(19)).padStart(places + 1, "0");
    const at = all.length - places;
    const text = `${random.below(2) === 0 ? "-" : ""}${all.slice(0, at)}${places === 0 ? "" : `.${all.slice(at)}`}`;
    const value = parse(text);
    if (Number.isNaN(value)) continue;
    known++;
    if (value !== Number(text)) expect({ text, value }).toEqual({ text, value: Number(text) });
  }
  expect(known).toBeGreaterThan(180_000);
});

test("every double is what its 17 digits say", () => {
  for (let i = 0; i < 50_000; i++) {
    const value = random.below(2 ** 31) / (1 + random.below(2 ** 20));
    const text = value.toPrecision(17);
    if (text.includes("e") || value === 0) continue;
    if (parse(text) !== value) expect({ text, value: parse(text) }).toEqual({ text, value });
  }
});

test("what is halfway between two doubles, or close to it, is left to others or right", () => {
  for (let i = 0; i < 20_000; i++) {
    const odd = (2n ** 53n + BigInt(random.below(2 ** 31)) * 2n) * 2n + 1n;
    for (const near of [odd - 1n, odd, odd + 1n]) {
      const value = parse(String(near));
      if (!Number.isNaN(value) && value !== Number(near))
        expect({ near, value }).toEqual({ near, value: Number(near) });
    }
  }
  expect(parse("9007199254740993")).toBeNaN();
  expect(parse("9007199254740994")).toBe(9007199254740994);
});

test("anything else is left to others", () => {
  for (const text of ["", "-", ".", "0", "0.000", "1e5", "1.2.3", "+1", " 1", "inf", "12345678901234567890", "0x10"]) {
    expect({ text, value: parse(text) }).toEqual({ text, value: Number.NaN });
  }
});
