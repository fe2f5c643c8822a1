import type { DescMessage } from "@bufbuild/protobuf";
import type { FileContext } from "../file-context.ts";
import { reflectImport } from "../imports.ts";
import { generic } from "../printable.ts";
import { isCovered } from "./fields.ts";
import { printDefaults, printEmpty } from "./print-empty.ts";
import { printFill } from "./print-fill.ts";
import { printRead } from "./print-read.ts";
import { printWrite } from "./print-write.ts";
import { wire, wireCodecType } from "./wire-import.ts";

const pure = "/*@__PURE__*/";

/** Prints the codec of a message of this file. */
export function printCodec(context: FileContext, message: DescMessage): void {
  const { f, target, imports, codecs } = context;
  const name = codecs.exported(f, message);
  const type = [": ", generic(wireCodecType, imports.shape(f, message))];
  const defaults = name.replace(/\$codec$/, "$defaults");
  if (target !== "dts" && isCovered(message)) printDefaults(context, message, defaults);
  f.print(f.jsDoc(`The binary codec of ${message.typeName}.`));
  if (target === "dts") {
    f.print(f.export("declare const", name), type, ";");
    f.print();
    return;
  }
  const head = [f.export("const", name), target === "ts" ? type : "", " = ", pure, " "];
  if (!isCovered(message)) {
    f.print(head, reflectImport("reflectiveCodec"), "(", imports.descriptor(f, message), ");");
    f.print();
    return;
  }
  f.print(head, wire("wireCodec"), "({");
  printEmpty(context, message, defaults);
  printFill(context, message);
  printWrite(context, message);
  printRead(context, message);
  f.print("});");
  f.print();
}
