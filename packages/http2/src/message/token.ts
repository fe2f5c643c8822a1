/** RFC 9110 section 5.6.2: what a method is. */
export const token: RegExp = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
