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
  'RESOURCE.NOT_FOUND':          notFound,
  'CLIENT.NOT_FOUND':            notFound,
  'TRUST.NOT_FOUND':             notFound,
  'DELEGATION.NOT_FOUND':        notFound,
  'CLIENT.EXISTS':               conflict,
  'OIDC.*':                      unavailable,
  'DEPLOYMENT.FINISHED':         conflict,
  'DEPLOYMENT.NOTHING_TO_ABORT': conflict,
  'DEPLOYMENT.NOTHING_TO_RETRY': conflict,
  'DEPLOYMENT.NOTHING_TO_APPROVE': conflict,
  'APPROVAL.OWN_UPDATE':         { status: 403, title: 'Not allowed' },
  'RELEASE.NONE_EARLIER':        conflict,
  'INVENTORY.*':                 conflict,
  'SIGNING_KEY.NOT_FOUND':       notFound,
  'SIGNING_KEY.EXISTS':          conflict,
  'SIGNATURE.TOO_LARGE':         { status: 431, title: 'Signature too large' },
  'SIGNATURE.MALFORMED':         { status: 400, title: 'Not a signed statement' },
  'SIGNATURE.SEQUENCE_USED':     conflict,
  'SIGNATURE.*':                 { status: 422, title: 'Signature refused' },
  'INPUT.INVALID':               { status: 422, title: 'Not valid' },
  'UPDATE.NO_TARGET':            refused,
  'UPDATE.TARGET_UNCLEAR':       refused,
  'UPDATE.SEVERAL_CLIENTS':      refused,
  'CHECK.NOT_ALLOWED':           refused,
  'QUEUE.FULL':                  { status: 429, title: 'Too many updates wait' },
  'IDEMPOTENCY.KEY_REUSED':      { status: 422, title: 'Idempotency-Key used before' },
  'BUNDLE.*':                    { status: 422, title: 'Bundle refused' },
  'ARTIFACT.TOO_LARGE':          { status: 413, title: 'Body too large' },
  'ARTIFACT.STORE_FULL':         { status: 507, title: 'No space left' },
  'ARTIFACT.NOT_FOUND':          notFound,
  'RELEASE.NOT_KEPT':            conflict,
  'RELEASE.MARKED_BAD':          conflict,
  'DIFF.NO_ANSWER':              unavailable,
  'DIAGNOSIS.NO_ANSWER':         unavailable,
  'DRIFT.NO_RELEASE':            conflict,
  'DRIFT.POD_BUSY':              conflict,
  'HOST.*':                      unavailable,
  'STATE.*':                     unavailable,
  'UPLOAD.NOT_FOUND':            notFound,
  'UPLOAD.MALFORMED':            { status: 400, title: 'Not as tus 1.0 has it' },
  'UPLOAD.TUS_VERSION':          { status: 412, title: 'Version of tus not known' },
  'UPLOAD.OFFSET_CONFLICT':      conflict,
  'UPLOAD.CONTENT_MISSING':      conflict,
  'UPLOAD.LOCKED':               { status: 423, title: 'In use by another request' },
  'UPLOAD.*':                    { status: 422, title: 'Upload refused' },
  'QUOTA.RATE':                  { status: 429, title: 'Too many requests' },
  'QUOTA.*':                     { status: 422, title: 'More than the client may have' },
  'VARIABLES.TOO_MANY':          refused,
  'SERVICE.UNAVAILABLE':         unavailable,
  'WEBHOOK.NOT_FOUND':           notFound,
  'WEBHOOK.DELIVERY_NOT_FOUND':  notFound,
  'WEBHOOK.EVENT_GONE':          conflict,
  'WEBHOOK.*':                   refused,
  'BROKER_USER.NOT_FOUND':       notFound,
  'BROKER_USER.REVOKED':         conflict,
  'BROKER.NO_USERS':             conflict,
  'BROKER.*':                    unavailable,
  'MESSAGE.NOT_CONFIRMED':       unavailable,
};

/** The kind of problem behind a code; undefined for a code that must not be shown. */
export function problemKindOf(code: string): ProblemKind | undefined {
  return kinds[code] ?? kinds[`${code.split('.')[0]}.*`];
}
