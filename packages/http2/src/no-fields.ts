import type { Fields } from "@millrace/exchange";

export const noFields: Fields = [];
