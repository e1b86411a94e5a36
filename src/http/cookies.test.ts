import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf, textOf } from "../base/bytes.ts";
import { findField } from "./fields.ts";
import { findCookie } from "./cookies.ts";
import { Head } from "./head.ts";

const NAME = bytesOf("id");

/** A head with these fields. */
function headOf(fields: readonly (readonly [name: string, value: string])[]): Head {
  const bytes = bytesOf(fields.map(([name, value]) => `${name}: ${value}\r\n`).join(""));
  const head = new Head();
  head.clear(bytes, 0);
  let at = 0;
  for (const [index, [name, value]] of fields.entries()) {
    const nameEnd = at + name.length;
    const valueStart = nameEnd + 2;
    const valueEnd = valueStart + value.length;
    head.setField(index, findField(bytes, at, nameEnd), at, nameEnd, valueStart, valueEnd);
    at = valueEnd + 2;
  }
  head.fieldCount = fields.length;
  return head;
}

/** All values of the cookie `id`, in order. */
function valuesIn(head: Head): string[] {
  const values: string[] = [];
  findCookie(head, NAME, {
    readValue: (bytes, start, end) => void values.push(textOf(bytes, start, end)),
  });
  return values;
}

function valuesOf(...cookies: readonly string[]): string[] {
  return valuesIn(headOf(cookies.map((cookie) => ["Cookie", cookie] as const)));
}

test("a cookie is found wherever it stands, in any of several Cookie fields", () => {
  assert.deepEqual(valuesOf("id=1"), ["1"]);
  assert.deepEqual(valuesOf("a=b; id=1"), ["1"]);
  assert.deepEqual(valuesOf("id=1; a=b"), ["1"]);
  assert.deepEqual(valuesOf("a=b; id=1; c=d", "e=f", "id=2"), ["1", "2"]);
  assert.deepEqual(valuesOf("id=a=b=="), ["a=b=="]);
  assert.deepEqual(valuesOf("id="), [""]);
});

test("another name is another cookie, in another case as well", () => {
  assert.deepEqual(valuesOf("ID=1; Id=2; id2=3; xid=4; i=5; d=6"), []);
  assert.deepEqual(valuesOf("a=id=1", "a=b id=2"), []);
});

test("the field's name has no case, and other fields are not looked at", () => {
  assert.deepEqual(valuesIn(headOf([["cOOkie", "id=1"]])), ["1"]);
  const others = ["Cookie2", "Set-Cookie", "X-Cookie", "Cookies", "Accept"];
  assert.deepEqual(valuesIn(headOf(others.map((name) => [name, "id=1"] as const))), []);
});

test("white space and quotes around a value do not count; a pair that is none is passed over", () => {
  assert.deepEqual(valuesOf(" \tid = 1\t ;a"), ["1"]);
  assert.deepEqual(valuesOf('id="1"'), ["1"]);
  assert.deepEqual(valuesOf('id="'), ['"']);
  assert.deepEqual(valuesOf("", ";", ";;", "=", "=;", "id", "id;", "; id ;=id", "id\t"), []);
  assert.deepEqual(valuesOf(";;id=1;;id=2;"), ["1", "2"]);
});

test("the search ends with the first value that is taken", () => {
  const head = headOf([["Cookie", "id=1; id=2; id=3"]]);
  const found = findCookie(head, NAME, {
    readValue: (bytes, start, end) => {
      const value = textOf(bytes, start, end);
      return value === "2" ? value : assert.notEqual(value, "3");
    },
  });
  assert.equal(found, "2");
});

test("what was written is found again, among any other pairs", () => {
  const octet = fc.integer({ min: 0x21, max: 0x7e }).filter((byte) => !'",;\\'.includes(characterOf(byte)));
  const value = fc.array(octet, { maxLength: 20 }).map((bytes) => bytes.map(characterOf).join(""));
  const other = fc.string({ maxLength: 12 }).filter((text) => !/;|[^\x20-\x7e]|^\s*id\s*=/.test(text));
  const pair = fc.oneof(
    value.map((text) => ({ text: `id=${text}`, value: text })),
    other.map((text) => ({ text, value: undefined })),
  );
  fc.assert(
    fc.property(fc.array(fc.array(pair, { maxLength: 6 }), { maxLength: 4 }), (fields) => {
      const written = fields.map((pairs) => pairs.map(({ text }) => text).join("; "));
      const values = fields.flat().flatMap((one) => (one.value === undefined ? [] : [one.value]));
      assert.deepEqual(valuesOf(...written), values);
    }),
  );
});

test("no bytes are a fault, and what is found lies within its field", () => {
  const field = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]*$/);
  const someSyntax = fc.array(fc.constantFrom("id", "=", ";", " ", '"', "x", "\t"), { maxLength: 30 });
  fc.assert(
    fc.property(
      fc.oneof(
        field,
        someSyntax.map((parts) => parts.join("")),
      ),
      (text) => {
        for (const value of valuesOf(text)) assert.ok(text.includes(value) && !value.includes(";"));
      },
    ),
  );
});

function characterOf(byte: number): string {
  return String.fromCharCode(byte);
}
