const name = /^:?[!#$%&'*+.^_`|~0-9a-z-]+$/;
const forbidden = /[\0\n\r\u0100-\uffff]/;

/** A token in lower case (RFC 9113 section 8.2.1), or one behind the colon of a pseudo-header field. */
export function isFieldName(text: string): boolean {
  return name.test(text);
}

/** RFC 9113 section 8.2.1: no NUL, LF or CR, and no white space at either end; nothing that is no octet. */
export function isFieldValue(text: string): boolean {
  if (text.length === 0) return true;
  return !forbidden.test(text) && !isBlank(text.charCodeAt(0)) && !isBlank(text.charCodeAt(text.length - 1));
}

function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09;
}
