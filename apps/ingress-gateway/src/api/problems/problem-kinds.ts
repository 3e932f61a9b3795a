/** How a code is told over HTTP. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

const notFound = { status: 404, title: 'Not found' };
const conflict = { status: 409, title: 'Conflict with the present state' };
const unavailable = { status: 503, title: 'Not available now' };
const refused = { status: 422, title: 'Refused' };

/** Code, or family of codes as `FAMILY.*`, to status and title. The only place where this is decided. */
// prettier-ignore
const kinds: Readonly<Record<string, ProblemKind>> = {
  'HTTP.MALFORMED_JSON':         { status: 400, title: 'Not JSON' },
  'HTTP.JSON_TOO_DEEP':          { status: 400, title: 'Not JSON that is taken' },
  'HTTP.BODY_CUT_SHORT':         { status: 400, title: 'Body cut short' },
  'HTTP.BAD_HEADER':             { status: 400, title: 'Wrong header' },
  'HTTP.BODY_TOO_LARGE':         { status: 413, title: 'Body too large' },
  'HTTP.UNSUPPORTED_MEDIA_TYPE': { status: 415, title: 'Unsupported media type' },
  'AUTH.REQUIRED':               { status: 401, title: 'Key required' },
  'AUTH.INVALID_KEY':            { status: 401, title: 'Key not valid' },
  'AUTH.NOT_ALLOWED':            { status: 403, title: 'Not allowed' },
  'UPDATE.NOT_FOUND':            notFound,
  'DEPLOYMENT.NOT_FOUND':        notFound,
  'POD.NOT_FOUND':               notFound,
  'RELEASE.NOT_FOUND':           notFound,
  'KEY.NOT_FOUND':               notFound,
  'DEPLOYMENT.FINISHED':         conflict,
  'DEPLOYMENT.NOTHING_TO_RETRY': conflict,
  'RELEASE.NONE_EARLIER':        conflict,
  'INVENTORY.*':                 conflict,
  'INPUT.INVALID':               { status: 422, title: 'Not valid' },
  'UPDATE.NO_TARGET':            refused,
  'IDEMPOTENCY.KEY_REUSED':      { status: 422, title: 'Idempotency-Key used before' },
  'BUNDLE.*':                    { status: 422, title: 'Bundle refused' },
  'ARTIFACT.TOO_LARGE':          { status: 413, title: 'Body too large' },
  'ARTIFACT.STORE_FULL':         { status: 507, title: 'No space left' },
  'SERVICE.UNAVAILABLE':         unavailable,
  'BROKER.*':                    unavailable,
  'MESSAGE.NOT_CONFIRMED':       unavailable,
};

/** The kind of problem behind a code; undefined for a code that must not be shown. */
export function problemKindOf(code: string): ProblemKind | undefined {
  return kinds[code] ?? kinds[`${code.split('.')[0]}.*`];
}
