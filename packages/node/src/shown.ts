export { shown } from "@millrace/core/host";
