import type { IncomingMessage } from "node:http";

/** A request's head, as text, without what asks for an upgrade. */
export function withoutUpgrade(request: IncomingMessage): string {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  const raw = request.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    let value = raw[i + 1] as string;
    if (asksUpgrade(name)) continue;
    if (name.toLowerCase() === "connection") {
      const options = value.split(",").map((option) => option.trim());
      value = options.filter((option) => option !== "" && !asksUpgrade(option)).join(", ");
      if (value === "") continue;
    }
    lines.push(`${name}: ${value}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Whether a field, or the option of Connection that names it, is there for an upgrade. */
function asksUpgrade(name: string): boolean {
  return /^(upgrade|http2-settings)$/i.test(name);
}
