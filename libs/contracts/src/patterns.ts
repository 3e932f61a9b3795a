/** Names of clients, PODs and servers: safe in routing keys, file names and host names. */
export const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** A ULID, in upper case: ids of updates, deployments and messages; sorts by time. */
export const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
/** A SHA-256 in lower-case hex: artifacts and fingerprints. */
export const SHA256 = /^[0-9a-f]{64}$/;
/** W3C Trace Context `traceparent`, version 00. */
export const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Stable code of an error, for example `SNAPSHOT.DISK_FULL`. */
export const ERROR_CODE = /^[A-Z][A-Z0-9_]*(\.[A-Z][A-Z0-9_]*)+$/;
/** RFC 3339, to the nanosecond at most. */
export const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
// Part by part, and no `.`: that would stop at U+2028, behind which a `..` could hide.
/** A relative POSIX path without empty, `.` or `..` parts and without control characters. A `/` may end it. */
export const RELATIVE_PATH =
  /^(?!\.{1,2}(\/|$))[^/\u0000-\u001f\u007f]+(\/(?!\.{1,2}(\/|$))[^/\u0000-\u001f\u007f]+)*\/?$/;
/** An absolute POSIX path below `/`, without empty, `.` or `..` parts and without control characters. A `/` may end it. */
export const ABSOLUTE_PATH = /^(\/(?!\.{1,2}(\/|$))[^/\u0000-\u001f\u007f]+)+\/?$/;
