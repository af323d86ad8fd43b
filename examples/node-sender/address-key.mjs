// The key of an address, as docs/address-key.md says and docs/address-key.json tests.
import { domainToASCII, domainToUnicode } from "node:url";

export class NotAnAddressError extends Error {
  /** kind: empty, too-long, form, several, local or domain. */
  constructor(kind) {
    super(`not a mail address: ${kind}`);
    this.kind = kind;
  }
}

const TEXT_LIMIT = 2048;
const KEY_LIMIT = 320;

const W = String.raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`; // white space
const SPACE = `[${W}]*`;
const SPECIAL = String.raw`"(),:;<>@\[\]\\`;
const COMMENT = `${SPACE}(?:\\([^()]*\\)${SPACE})?`;
const UNQUOTED = `[^${W}${SPECIAL}]+`; // dots anywhere: "a..b"@docomo.ne.jp is a..b@docomo.ne.jp
const LOCAL = String.raw`(?:"(?:[^"\\]|\\[^\n])*"|${UNQUOTED})`;
const DOMAIN = String.raw`(?:\[[^${W}\[\]<>@]+\]|[^${W}${SPECIAL}]+)`;
const SPEC = `${COMMENT}(?<local>${LOCAL})@(?<domain>${DOMAIN})${COMMENT}`;

const BARE = new RegExp(`^${SPEC}$`, "u");
const NAMED = new RegExp(`<${SPEC}>${COMMENT}$`, "u");
const ADDRESS_TYPE = new RegExp(`^${SPACE}(?:rfc822|utf-8)${SPACE};`, "i");
const EDGES = new RegExp(`^[${W}]+|[${W}]+$`, "gu");
const NEEDS_NO_QUOTES = new RegExp(`^${UNQUOTED}$`, "u");
const LABEL = /^[a-z0-9_-]{1,63}$/;
const PRINTABLE = /^[\x20-\x7e]*$/;
const ASCII = /^[\x00-\x7f]*$/;
// IDNA 2008 (RFC 5892) allows letters, marks and digits after mapping, and few more; a URL allows symbols too.
const IDN_LABEL =
  /^(?!\p{M})(?!-)(?!..--)(?:(?![\u1100-\u11ff])[\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}]|[\u00b7\u0375\u05f3\u05f4\u30fb\u3007\u200c\u200d-])+(?<!-)$/u;
const NEEDS_CONTEXT = /[\u00b7\u0375\u05f3\u05f4\u30fb]/u;

/** The key of this address in the blocked table. Throws NotAnAddressError. */
export function addressKey(text) {
  if ([...text].length > TEXT_LIMIT) throw new NotAnAddressError("too-long");
  text = text.replace(ADDRESS_TYPE, "").replace(EDGES, "");
  if (text === "") throw new NotAnAddressError("empty");
  const { local, domain } = (BARE.exec(text) ?? matchNamed(text)).groups;
  const key = `${localKey(local)}@${domainKey(domain)}`;
  if (key.length > KEY_LIMIT) throw new NotAnAddressError("too-long");
  return key;
}

function matchNamed(text) {
  const match = NAMED.exec(text);
  if (match === null) throw new NotAnAddressError("form");
  const displayName = text.slice(0, match.index).replace(/"[^"]*"/g, "");
  if (displayName.includes("@") && /[,;<]/.test(displayName)) throw new NotAnAddressError("several");
  return match;
}

function localKey(localPart) {
  if (!PRINTABLE.test(localPart)) throw new NotAnAddressError("local");
  const local = localPart.toLowerCase();
  if (!local.startsWith('"')) return local;
  const unquoted = local.slice(1, -1).replace(/\\(.)/g, "$1");
  return NEEDS_NO_QUOTES.test(unquoted) ? unquoted : `"${unquoted.replace(/["\\]/g, "\\$&")}"`;
}

function domainKey(domain) {
  if (domain.startsWith("[")) {
    if (!PRINTABLE.test(domain)) throw new NotAnAddressError("domain");
    return domain.toLowerCase();
  }
  const ascii = (ASCII.test(domain) ? domain.toLowerCase() : idna(domain)).replace(/\.$/, "");
  if (!ascii.split(".").every((label) => LABEL.test(label))) throw new NotAnAddressError("domain");
  return ascii;
}

function idna(domain) {
  if ([...domain].length > KEY_LIMIT || /[%/?#:\\]/.test(domain)) throw new NotAnAddressError("domain");
  // With one label more, because a URL's host that ends in a number is an IPv4 address.
  const extended = domainToASCII(`${domain.replace(/[.\u3002\uff0e\uff61]$/u, "")}.a`); // UTS 46, not transitional
  const ascii = extended.slice(0, -2);
  const labels = domainToUnicode(extended).split(".").slice(0, -1);
  if (ascii === "" || ascii.length > 253 || !labels.every(isLabel)) throw new NotAnAddressError("domain");
  return ascii;
}

function isLabel(label) {
  return IDN_LABEL.test(label) && (!NEEDS_CONTEXT.test(label) || isInContext(label));
}

/** RFC 5892, appendix A: some characters are allowed only beside certain letters. */
function isInContext(label) {
  const wrong = /(?<!l)\u00b7|\u00b7(?!l)|\u0375(?!\p{scx=Grek})|(?<!\p{scx=Hebr})[\u05f3\u05f4]/u;
  return !wrong.test(label) && (!label.includes("\u30fb") || /[\p{sc=Hira}\p{sc=Kana}\p{sc=Hani}]/u.test(label));
}
