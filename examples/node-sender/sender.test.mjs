// node --test: the key function against the vectors, and the question against a client that answers as DynamoDB does.
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
      const now = Keys.slice(0, Math.ceil((Keys.length * 3) / 4));
      const left = Keys.slice(now.length);
      const found = now.flatMap(({ value }) => items.filter((item) => item.value.S === value.S));
      return { Responses: { [name]: found }, UnprocessedKeys: left.length > 0 ? { [name]: { Keys: left } } : {} };
    },
  };
}

const item = (value, more = {}) => ({ value: { S: value }, reason: { S: "bounce" }, ...more });

test("a blocked address is blocked in every spelling, and others are not", async () => {
  const dynamodb = table([item("jane@example.org"), item("over@example.org", { expires_at: { N: "1000" } })]);
  const asked = ["Jane <JANE@example.org>", "jane@example.org.", "over@example.org", "bob@example.org", "nobody"];
  assert.deepEqual(Object.fromEntries(await check(dynamodb, "arn", asked, 1000)), {
    "Jane <JANE@example.org>": { allowed: false, reason: "bounce" },
    "jane@example.org.": { allowed: false, reason: "bounce" },
    "over@example.org": { allowed: true },
    "bob@example.org": { allowed: true },
    nobody: { allowed: false, reason: "form" },
  });
  const [answer] = (await check(dynamodb, "arn", ["over@example.org"], 999)).values();
  assert.deepEqual(answer, { allowed: false, reason: "bounce" });
});

test("more than a hundred are asked for in several calls", async () => {
  const dynamodb = table([item("n249@example.org")]);
  const answers = await check(dynamodb, "arn", Array.from({ length: 250 }, (_, n) => `n${n}@example.org`));
  assert.deepEqual([...answers].filter(([, { allowed }]) => !allowed).map(([text]) => text), ["n249@example.org"]);
  assert.ok(Math.max(...dynamodb.calls) <= 100);
});

test("what fails is not taken for an answer", async () => {
  const failing = { batchGetItem: async () => { throw new Error("AccessDeniedException"); } };
  await assert.rejects(check(failing, "arn", ["jane@example.org"]), /AccessDenied/);
});
