// Asks the blocked table. The role needs dynamodb:BatchGetItem on the table, and nothing else.
import { addressKey, NotAnAddressError } from "./address-key.mjs";

const KEYS_OF_ONE_CALL = 100;
const TRIES = 6;

/**
 * Which of these addresses may be mailed: a Map from each text to {allowed, reason}.
 * dynamodb: the `DynamoDB` of @aws-sdk/client-dynamodb, in the Region of the table. table: its ARN.
 * Throws what the client throws, and an Error when the table stays throttled: the caller decides whether to mail then.
 */
export async function check(dynamodb, table, addresses, now = Date.now() / 1000) {
  const answers = new Map();
  const asked = new Map(); // key -> the texts that have it
  for (const text of new Set(addresses)) {
    try {
      const key = addressKey(text);
      asked.set(key, [...(asked.get(key) ?? []), text]);
      answers.set(text, { allowed: true });
    } catch (error) {
      if (!(error instanceof NotAnAddressError)) throw error;
      answers.set(text, { allowed: false, reason: error.kind });
    }
  }
  const keys = [...asked.keys()].map((key) => ({ value: { S: key } }));
  while (keys.length > 0) {
    for (const item of await read(dynamodb, table, keys.splice(0, KEYS_OF_ONE_CALL))) {
      const ends = item.expires_at?.N;
      if (ends !== undefined && /^\d+$/.test(ends) && Number(ends) <= now) continue; // DynamoDB deletes it in its own time
      for (const text of asked.get(item.value.S)) answers.set(text, { allowed: false, reason: item.reason?.S });
    }
  }
  return answers;
}

async function read(dynamodb, table, keys) {
  const items = [];
  let request = { [table]: { Keys: keys } };
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (tries > 0) await new Promise((resolve) => setTimeout(resolve, 50 * 2 ** tries * Math.random()));
    const answer = await dynamodb.batchGetItem({ RequestItems: request });
    items.push(...Object.values(answer.Responses ?? {}).flat());
    request = answer.UnprocessedKeys ?? {};
    if (Object.keys(request).length === 0) return items;
  }
  throw new Error("BatchGetItem: unprocessed keys; the table is throttled");
}
