import fc from "fast-check";
import t from "tap";
import { nameBytes, nameFromText, nameOf, nameText } from "../../src/base/bytes.js";

t.test("a name is its bytes, whatever they are", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 255 }), (bytes) => {
      const name = nameOf(bytes);
      return name.length === bytes.length && nameBytes(name).equals(bytes);
    }),
  );
  t.pass("bytes to name and back");
  t.end();
});

t.test("a name from a part of a larger buffer", (t) => {
  t.equal(nameOf(new Uint8Array(Buffer.from("abcdef")).subarray(2, 4)), "cd");
  t.end();
});

t.test("text is UTF-8", (t) => {
  t.equal(nameFromText("é"), "\xc3\xa9");
  t.equal(nameText("\xc3\xa9"), "é");
  t.equal(nameText("\xff"), "\ufffd", "what is no UTF-8 shows as the replacement character");
  t.end();
});
