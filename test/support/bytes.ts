// Bytes of messages, written and read by hand.

export function utf8(text: string): Buffer {
  return Buffer.from(text, "utf8");
}

/** One enveloped message; `claimed` is the length that it says it has. */
export function envelope(flags: number, payload: Uint8Array | string, claimed?: number): Buffer {
  const bytes = typeof payload === "string" ? utf8(payload) : payload;
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(claimed ?? bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** The messages of a body, with their flags. Throws if the last is cut short. */
export function envelopes(body: Buffer): { readonly flags: number; readonly payload: Buffer }[] {
  const found: { flags: number; payload: Buffer }[] = [];
  for (let at = 0; at < body.length;) {
    const length = body.readUInt32BE(at + 1);
    const payload = body.subarray(at + 5, at + 5 + length);
    if (payload.length < length)
      throw new Error(`an envelope claims ${length} bytes and has ${payload.length}`);
    found.push({ flags: body[at] as number, payload });
    at += 5 + length;
  }
  return found;
}

/** A greet.v1.GreetRequest, or a GreetReply: both have a text as field 1. */
export function greeting(text: string): Buffer {
  const bytes = utf8(text);
  if (bytes.length > 127) throw new Error("a longer text needs a longer length");
  return bytes.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes]);
}

/** A text field of any length, as field 1. */
export function longGreeting(bytes: number): Buffer {
  const prefix: number[] = [0x0a];
  let rest = bytes;
  for (; rest > 127; rest >>>= 7) prefix.push((rest & 127) | 128);
  prefix.push(rest);
  return Buffer.concat([Buffer.from(prefix), Buffer.alloc(bytes, "x")]);
}
