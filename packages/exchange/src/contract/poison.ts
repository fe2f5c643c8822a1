import type { Connector } from "../connector.ts";
import type { Accept } from "../exchange.ts";
import type { ClientSink, Sink } from "../sink.ts";

/** Overwrites what was borrowed. */
const poisonByte = 0xdb;

/** As Node's Buffer, which carriages may lend: its slice() is a view, and no copy. */
class LentBytes extends Uint8Array {
  override slice(start?: number, end?: number): ReturnType<Uint8Array["slice"]> {
    return this.subarray(start, end);
  }
}

/**
 * A connector whose chunks turn to rubbish as soon as data() has returned: whoever keeps a borrowed byte shows it. For
 * the tests of a layer above the seam.
 */
export function poisonConnector(connector: Connector): Connector {
  return {
    get caps() {
      return connector.caps;
    },
    open: (head, body, hints, sink) => connector.open(head, body, hints, poisonClientSink(sink)),
    close: (graceMs) => connector.close(graceMs),
  };
}

/** The same for a server's entry. */
export function poisonAccept(accept: Accept): Accept {
  return (exchange) => {
    const sink = accept(exchange);
    return sink === null ? null : poisonSink(sink);
  };
}

function poisonSink(sink: Sink): Sink {
  return {
    data: (chunk, start, end) => {
      const lent = new LentBytes(end - start + 2).fill(poisonByte);
      lent.set(chunk.subarray(start, end), 1);
      sink.data(lent, 1, lent.length - 1);
      lent.fill(poisonByte);
    },
    end: (trailers) => sink.end(trailers),
    fault: (fault) => sink.fault(fault),
    writable: () => sink.writable(),
    closed: (delivered) => sink.closed(delivered),
  };
}

function poisonClientSink(sink: ClientSink): ClientSink {
  return {
    ...poisonSink(sink),
    sent: (peer, caps) => sink.sent(peer, caps),
    inform: (status, fields) => sink.inform(status, fields),
    head: (status, head) => sink.head(status, head),
  };
}
