import type { Connector, Exchange } from "@millrace/exchange";

/** What went down to a carriage. */
export interface Counts {
  opened: number;
  resets: number[];
  ends: number;
  pauses: number;
}

/** A connector that counts what its exchanges are asked. */
export function countingConnector(counts: Counts): (connector: Connector) => Connector {
  return (connector) => ({
    caps: connector.caps,
    close: (graceMs) => connector.close(graceMs),
    open(head, body, hints, sink): Exchange {
      counts.opened++;
      const exchange = connector.open(head, body, hints, sink);
      return {
        pause: () => {
          counts.pauses++;
          exchange.pause();
        },
        resume: () => exchange.resume(),
        write: (chunk) => exchange.write(chunk),
        reserve: () => exchange.reserve(),
        commit: (pos) => exchange.commit(pos),
        flush: () => exchange.flush(),
        end: (trailers) => {
          counts.ends++;
          exchange.end(trailers);
        },
        reset: (h2) => {
          counts.resets.push(h2);
          exchange.reset(h2);
        },
      };
    },
  });
}

export function counts(): Counts {
  return { opened: 0, resets: [], ends: 0, pauses: 0 };
}
