import type { Accept } from "@millrace/exchange";

/** An entry that answers every request with 200 and "hello", when it has ended. */
export const replying: Accept = (exchange) => ({
  data: () => {},
  end: () => exchange.reply(200, [], Buffer.from("hello"), null),
  fault: () => {},
  writable: () => {},
  closed: () => {},
});
