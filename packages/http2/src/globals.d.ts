// What every engine has beyond ECMAScript, and this package uses.

interface TextEncoder {
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}
declare var TextEncoder: { new (): TextEncoder };
