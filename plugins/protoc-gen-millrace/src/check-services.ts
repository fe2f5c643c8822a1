import { quote } from "./plugin-error.ts";
import type { ProtoFile } from "./proto-file.ts";

const serviceField = 6;
const methodField = 2;

/** What JavaScript does not let a module declare, and protoc-gen-es declares all the same for a service of that name. */
const undeclarable = new Set(["arguments", "await", "eval", "undefined"]);

/** What a CommonJS module cannot declare either. */
const undeclarableInCommonJs = new Set(["exports", "module", "require", "__dirname", "__filename"]);

/**
 * Refuses services whose `_pb` file cannot be compiled: what imports it could not be either, and the compiler's error
 * would name a generated file, not the .proto.
 */
export function checkServices(file: ProtoFile, commonJs: boolean): void {
  for (const [i, service] of file.proto.service.entries()) {
    const fullName = file.prefix + service.name;
    if (undeclarable.has(service.name) || (commonJs && undeclarableInCommonJs.has(service.name))) {
      throw file.error(
        [serviceField, i],
        `service ${fullName}: JavaScript lets no module declare ${quote(service.name)}: rename the service`,
      );
    }
    const names = new Map<string, string>();
    for (const [j, method] of service.method.entries()) {
      const key = method.name.slice(0, 1).toLowerCase() + method.name.slice(1);
      const other = names.get(key);
      if (other !== undefined) {
        throw file.error(
          [serviceField, i, methodField, j],
          `service ${fullName}: rpc ${other} and rpc ${method.name} would both be ${quote(key)} in JavaScript: rename one`,
        );
      }
      names.set(key, method.name);
    }
  }
}
