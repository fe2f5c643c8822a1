import type { ServerExchange, Sink } from "@millrace/exchange";

/** The fields of an answer for people. */
export const plainText: readonly string[] = ["content-type", "text/plain; charset=utf-8"];

/** Hears nothing. */
export const nobody: Sink = { data() {}, end() {}, fault() {}, writable() {}, closed() {} };

/** Answers a request in nobody's name, in plain text. */
export function answer(
  exchange: ServerExchange & { start(sink: Sink): void },
  status: number,
  text: string,
): void {
  exchange.reply(status, plainText, Buffer.from(`${status} ${text}\n`), null);
  exchange.start(nobody);
}
