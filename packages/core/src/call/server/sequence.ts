/** The messages of what a handler gave. Throws TypeError if it is no sequence. */
export function sequenceOf(given: unknown, path: string): AsyncIterator<unknown> | Iterator<unknown> {
  if (typeof given === "object" && given !== null) {
    if (Symbol.asyncIterator in given) return (given as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Symbol.iterator in given) return (given as Iterable<unknown>)[Symbol.iterator]();
  }
  throw new TypeError(`the handler of ${path} must give a sequence of messages: make it an async generator`);
}
