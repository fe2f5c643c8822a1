// Whoever attacks: says what the attack says, as fast as the server takes it, and connects anew when it is cut.
import { connect, type Socket } from "node:net";
import { answer } from "../../support/program-answers.ts";
import { attacks } from "./attacks.ts";
import type { Attack } from "./attacks.ts";
import { Flow } from "./flow.ts";

const sockets = new Set<Socket>();
let running = false;
let made = 0;

function start({ name, port }: { name: string; port: number }): void {
  const attack = attacks[name]!;
  running = true;
  made = 0;
  for (let n = 0; n < attack.connections; n++) open(attack, port);
}

function open(attack: Attack, port: number): void {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  sockets.add(socket);
  socket.on("error", () => {});
  socket.on("close", () => {
    sockets.delete(socket);
    if (running && attack.reconnects) open(attack, port);
  });
  // It does not wait for what it knows.
  socket.on("end", () => socket.destroy());
  socket.on("connect", () => {
    made++;
    socket.write(attack.first);
    goOn(socket, attack);
  });
}

/** What a connection says behind what it says first. */
function goOn(socket: Socket, { again, everyMs, flow, reads }: Attack): void {
  const room = flow === undefined ? undefined : new Flow(flow.ofOne);
  let said = 0;
  const mayGoOn = (): boolean => running && !socket.destroyed && (room?.take(flow!.bytes) ?? true);
  const pour = (): void => {
    while (!socket.writableNeedDrain && mayGoOn()) socket.write(again!(said++));
  };
  if (room !== undefined)
    socket.on("data", (chunk: Buffer) => {
      room.heard(chunk);
      pour();
    });
  else if (reads) socket.resume();
  if (again === undefined) return;
  if (everyMs === undefined) {
    socket.on("drain", pour);
    pour();
  } else {
    const timer = setInterval(() => socket.write(again(said++)), everyMs);
    socket.on("close", () => clearInterval(timer));
  }
}

/** Gives how many connections were made. */
function stop(): number {
  running = false;
  for (const socket of sockets) socket.destroy();
  return made;
}

answer({ start, stop, standing: () => sockets.size });
