// node --test: the key function with the test vectors, and the check with a client that responds as DynamoDB does.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { addressKey, NotAnAddressError } from "./address-key.mjs";
import { check } from "./blocklist.mjs";

const { vectors } = JSON.parse(readFileSync(new URL("../../docs/address-key.json", import.meta.url), "utf8"));

test("every vector has its key or its error", () => {
  for (const { text, key, error } of vectors) {
    if (error === undefined) assert.equal(addressKey(text), key, JSON.stringify(text));
    else assert.throws(() => addressKey(text), (raised) => raised instanceof NotAnAddressError && raised.kind === error, JSON.stringify(text));
  }
});

/** Leaves a quarter of the keys of each call unprocessed, as a throttled table does. */
function table(items) {
  const calls = [];
  return {
    calls,
    async batchGetItem({ RequestItems }) {
      const [[name, { Keys }]] = Object.entries(RequestItems);
      calls.push(Keys.length);
      const processed = Keys.slice(0, Math.ceil((Keys.length * 3) / 4));
      const unprocessed = Keys.slice(processed.length);
      const responses = processed.flatMap(({ value }) => items.filter((item) => item.value.S === value.S));
      return {
        Responses: { [name]: responses },
        UnprocessedKeys: unprocessed.length > 0 ? { [name]: { Keys: unprocessed } } : {},
      };
    },
  };
}

const item = (value, attributes = {}) => ({ value: { S: value }, reason: { S: "bounce" }, ...attributes });

test("a blocked address is blocked in every spelling, and others are not", async () => {
  const dynamodb = table([item("jane@example.org"), item("over@example.org", { expires_at: { N: "1000" } })]);
  const addresses = ["Jane <JANE@example.org>", "jane@example.org.", "over@example.org", "bob@example.org", "nobody"];
  assert.deepEqual(Object.fromEntries(await check(dynamodb, "arn", addresses, 1000)), {
    "Jane <JANE@example.org>": { allowed: false, reason: "bounce" },
    "jane@example.org.": { allowed: false, reason: "bounce" },
    "over@example.org": { allowed: true },
    "bob@example.org": { allowed: true },
    nobody: { allowed: false, reason: "form" },
  });
  const [answer] = (await check(dynamodb, "arn", ["over@example.org"], 999)).values();
  assert.deepEqual(answer, { allowed: false, reason: "bounce", expiresAt: new Date(1_000_000) });
});

test("a hold blocks until its end, and says until when; an end that is no time ends nothing", async () => {
  const hold = { reason: { S: "hold" }, expires_at: { N: "1797465600" } };
  const dynamodb = table([item("held@example.org", hold), item("odd@example.org", { expires_at: { S: "soon" } })]);
  const addresses = ["held@example.org", "odd@example.org"];
  assert.deepEqual(Object.fromEntries(await check(dynamodb, "arn", addresses, 1797465599)), {
    "held@example.org": { allowed: false, reason: "hold", expiresAt: new Date("2026-12-17T00:00:00Z") },
    "odd@example.org": { allowed: false, reason: "bounce" },
  });
  const [ended] = (await check(dynamodb, "arn", ["held@example.org"], 1797465600)).values();
  assert.deepEqual(ended, { allowed: true });
});

test("more than a hundred are read with several calls", async () => {
  const dynamodb = table([item("n249@example.org")]);
  const answers = await check(dynamodb, "arn", Array.from({ length: 250 }, (_, n) => `n${n}@example.org`));
  assert.deepEqual([...answers].filter(([, { allowed }]) => !allowed).map(([address]) => address), ["n249@example.org"]);
  assert.ok(Math.max(...dynamodb.calls) <= 100);
});

test("a failed call is not an answer", async () => {
  const failing = { batchGetItem: async () => { throw new Error("AccessDeniedException"); } };
  await assert.rejects(check(failing, "arn", ["jane@example.org"]), /AccessDenied/);
});
