/** A body without an end, and how much of it was asked for. */
export function endless(): {
  readonly body: ReadableStream;
  readonly canceled: Promise<unknown>;
  pulled(): number;
} {
  const canceled = Promise.withResolvers<unknown>();
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        pulled += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
      cancel: canceled.resolve,
    },
    { highWaterMark: 0 },
  );
  return { body, canceled: canceled.promise, pulled: () => pulled };
}
