export { errorDetail, findDetails } from "./error-detail.ts";
export { fromDescriptor } from "./from-descriptor.ts";
export type { ClientOf, HandlersOf } from "./from-descriptor.ts";
export { reflectiveCodec } from "./reflective-codec.ts";
export { withDescriptor } from "./with-descriptor.ts";
