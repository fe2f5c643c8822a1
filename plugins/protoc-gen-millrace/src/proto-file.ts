import type { Message } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { PluginError, quote } from "./plugin-error.ts";
import { findLine } from "./source-index.ts";

/** A file of the request, as it came, and how to complain about a place in it. */
export class ProtoFile {
  readonly proto: FileDescriptorProto;

  constructor(proto: FileDescriptorProto) {
    this.proto = proto;
  }

  /** The package's name with a dot behind it, or nothing. */
  get prefix(): string {
    return this.proto.package === "" ? "" : `${this.proto.package}.`;
  }

  /** An error about what stands at `path`, a path as in google.protobuf.SourceCodeInfo.Location. */
  error(path: readonly number[], text: string): PluginError {
    const line = path.length === 0 ? undefined : findLine(this.proto, path);
    const name = /^[\x21-\x7e]+$/.test(this.proto.name) ? this.proto.name : quote(this.proto.name);
    return new PluginError(`${name}${line === undefined ? "" : `:${line}`}: ${text}`);
  }

  /** Throws unless `name` is what protobuf calls an identifier. */
  checkName(path: readonly number[], kind: string, name: string): void {
    if (/^[A-Za-z_]\w*$/.test(name)) return;
    throw this.error(
      path,
      `${kind} ${quote(name)}: not a name; use letters, digits and _, and no digit first`,
    );
  }
}

/** The number of a value that its enum does not know, which is among the unknown fields then. */
export function unknownNumber(message: Message, field: number): string {
  const value = message.$unknown?.find(({ no, wireType }) => no === field && wireType === WireType.Varint);
  return value === undefined ? "(none)" : `number ${new BinaryReader(value.data).int32()}`;
}
