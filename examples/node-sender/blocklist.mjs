// Reads the blocked table. The role needs dynamodb:BatchGetItem on the table, and nothing else.
import { addressKey, NotAnAddressError } from "./address-key.mjs";

const KEYS_PER_CALL = 100;
const MAX_ATTEMPTS = 6;

/**
 * Which of these addresses may be mailed: a Map from each address to {allowed, reason, expiresAt}.
 * expiresAt, a Date, is there if the block ends, as one with the reason "hold" always does.
 * dynamodb: the `DynamoDB` of @aws-sdk/client-dynamodb, in the Region of the table. table: its ARN.
 * Throws what the client throws, and an Error when the table stays throttled: the caller decides whether to send then.
 */
export async function check(dynamodb, table, addresses, now = Date.now() / 1000) {
  const answers = new Map();
  const addressesByKey = new Map();
  for (const address of new Set(addresses)) {
    try {
      const key = addressKey(address);
      addressesByKey.set(key, [...(addressesByKey.get(key) ?? []), address]);
      answers.set(address, { allowed: true });
    } catch (error) {
      if (!(error instanceof NotAnAddressError)) throw error;
      answers.set(address, { allowed: false, reason: error.kind });
    }
  }
  const keys = [...addressesByKey.keys()].map((key) => ({ value: { S: key } }));
  while (keys.length > 0) {
    for (const item of await read(dynamodb, table, keys.splice(0, KEYS_PER_CALL))) {
      const seconds = /^\d+$/.test(item.expires_at?.N ?? "") ? Number(item.expires_at.N) : undefined;
      if (seconds <= now) continue; // not deleted yet
      const end = seconds === undefined ? {} : { expiresAt: new Date(seconds * 1000) };
      for (const address of addressesByKey.get(item.value.S)) {
        answers.set(address, { allowed: false, reason: item.reason?.S, ...end });
      }
    }
  }
  return answers;
}

async function read(dynamodb, table, keys) {
  const items = [];
  let request = { [table]: { Keys: keys } };
  for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
    if (attempts > 0) await new Promise((resolve) => setTimeout(resolve, 50 * 2 ** attempts * Math.random()));
    const response = await dynamodb.batchGetItem({ RequestItems: request });
    items.push(...Object.values(response.Responses ?? {}).flat());
    request = response.UnprocessedKeys ?? {};
    if (Object.keys(request).length === 0) return items;
  }
  throw new Error("BatchGetItem: unprocessed keys; the table is throttled");
}
