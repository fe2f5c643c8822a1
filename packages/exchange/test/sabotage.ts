import type {
  Accept,
  Caps,
  ClientSink,
  Connector,
  Exchange,
  Fields,
  ServerExchange,
  Sink,
} from "@millrace/exchange";
import type { Make, Pair } from "@millrace/exchange/contract";

/** What a broken carriage does to the parts of a sound one. Each function gets a part, and gives what stands in for it. */
export interface Sabotage {
  readonly clientSink?: (sink: ClientSink) => Partial<ClientSink>;
  readonly serverSink?: (sink: Sink) => Partial<Sink>;
  readonly client?: (exchange: Exchange, sink: ClientSink) => Partial<Exchange>;
  readonly server?: (exchange: ServerExchange, sink: () => Sink | undefined) => Partial<ServerExchange>;
  readonly connector?: (connector: Connector) => Partial<Connector>;
  readonly pair?: (pair: Pair) => Partial<Pair>;
  readonly caps?: Partial<Caps>;
}

/** A carriage that is sound but for one fault. */
export function sabotaged(make: Make, by: Sabotage): Make {
  return async (accept) => {
    const pair = await make(brokenAccept(accept, by));
    const { connector } = pair;
    const broken: Connector = {
      ...connector,
      caps: { ...connector.caps, ...by.caps },
      open(head, body, hints, sink) {
        const full: ClientSink = { ...plainClientSink(sink), ...by.clientSink?.(sink) };
        const exchange = connector.open(head, body, hints, full);
        return { ...plain(exchange), ...by.client?.(exchange, full) };
      },
      ...by.connector?.(connector),
    };
    return { ...pair, connector: broken, ...by.pair?.(pair) };
  };
}

function brokenAccept(accept: Accept, by: Sabotage): Accept {
  return (exchange) => {
    let full: Sink | undefined;
    const given: ServerExchange = { ...plainServer(exchange), ...by.server?.(exchange, () => full) };
    const sink = accept(given);
    if (sink === null) return null;
    full = { ...plainSink(sink), ...by.serverSink?.(sink) };
    return full;
  };
}

function plain(exchange: Exchange): Exchange {
  return {
    pause: () => exchange.pause(),
    resume: () => exchange.resume(),
    write: (chunk) => exchange.write(chunk),
    reserve: () => exchange.reserve(),
    commit: (pos) => exchange.commit(pos),
    flush: () => exchange.flush(),
    end: (trailers) => exchange.end(trailers),
    reset: (h2) => exchange.reset(h2),
  };
}

function plainServer(exchange: ServerExchange): ServerExchange {
  return {
    ...plain(exchange),
    head: exchange.head,
    peer: exchange.peer,
    caps: exchange.caps,
    maxConcurrent: exchange.maxConcurrent,
    inform: (status, fields) => exchange.inform(status, fields),
    respond: (status, fields) => exchange.respond(status, fields),
    reply: (status, fields, body, trailers) => exchange.reply(status, fields, body, trailers),
  };
}

function plainSink(sink: Sink): Sink {
  return {
    data: (chunk, start, end) => sink.data(chunk, start, end),
    end: (trailers) => sink.end(trailers),
    fault: (fault) => sink.fault(fault),
    writable: () => sink.writable(),
    closed: (delivered) => sink.closed(delivered),
  };
}

function plainClientSink(sink: ClientSink): ClientSink {
  return {
    ...plainSink(sink),
    sent: (peer, caps) => sink.sent(peer, caps),
    inform: (status, fields) => sink.inform(status, fields),
    head: (status, head) => sink.head(status, head),
  };
}

/** Fields with only the first of each name. */
export function withoutRepeats(fields: Fields): Fields {
  const names = fields.filter((_, i) => i % 2 === 0);
  return fields.filter((_, i) => names.indexOf(fields[i - (i % 2)] ?? "") === Math.floor(i / 2));
}
