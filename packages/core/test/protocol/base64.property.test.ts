// PROTOCOL 1 "keys ending in -bin", 2 "URL-safe base64, padding optional".
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64 } from "../../src/base64.ts";

test("any text is base64, padded or not, or it is none", () => {
  const near = fc
    .tuple(
      fc.array(fc.constantFrom("A", "/", "+", "-", "_", "z", "9"), { maxLength: 9 }),
      fc.constantFrom("", "=", "==", "===", "=A", " ", "é"),
    )
    .map(([all, end]) => all.join("") + end);
  fc.assert(
    fc.property(
      fc.oneof({ arbitrary: near, weight: 4 }, fc.base64String(), fc.string({ unit: "binary" })),
      (text) => {
        const bytes = decodeBase64(text);
        // RFC 4648 sections 4 and 5; padding, where there is some, makes the length a multiple of four.
        const isBase64 = /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/.test(text);
        expect(bytes === null).toBe(!isBase64);
        if (bytes !== null) expect(bytes).toEqual(new Uint8Array(Buffer.from(text, "base64")));
      },
    ),
  );
});
