import { expect, test } from "bun:test";
import { overload } from "./overload.ts";

test("memory stays within its bounds while writers go on at the limit", async () => {
  expect(await overload((batches) => batches >= 6000)).toBeGreaterThan(100_000);
});
