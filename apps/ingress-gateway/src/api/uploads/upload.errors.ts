import { PodwayError } from '@podway/contracts';

/** What tus refuses by itself, by its status. Its own codes for trouble of a server are left as they are. */
const tusFaults: Readonly<Record<number, string>> = {
  400: 'UPLOAD.MALFORMED',
  403: 'UPLOAD.MALFORMED',
  404: 'UPLOAD.NOT_FOUND',
  409: 'UPLOAD.OFFSET_CONFLICT',
  410: 'UPLOAD.NOT_FOUND',
  412: 'UPLOAD.TUS_VERSION',
  413: 'HTTP.BODY_TOO_LARGE',
  501: 'UPLOAD.MALFORMED',
};

/** A request that is not as tus 1.0 has it, or does not fit the upload's state. */
export class TusRefusalError extends PodwayError {
  constructor(status: number, text: string) {
    super(tusFaults[status] ?? 'SERVICE.INTERNAL_ERROR', text.trim() || `tus answered ${status}`);
  }
}

/** Another request writes to the upload and did not let go in time. */
export class UploadLockedError extends PodwayError {
  constructor(id: string) {
    super('UPLOAD.LOCKED', `Another request writes to upload ${id}`, { details: { id } });
  }
}

/** The bytes that came are not those that the publisher meant to send. */
export class UploadDigestError extends PodwayError {
  constructor(meant: string, found: string) {
    super('UPLOAD.DIGEST_MISMATCH', `What was uploaded is ${found}, not ${meant}; nothing was kept`, {
      details: { meant, found },
    });
  }
}

/** Contents that the bundle needs were neither sent nor stored before. */
export class ContentMissingError extends PodwayError {
  constructor(missing: readonly string[]) {
    super(
      'UPLOAD.CONTENT_MISSING',
      `${missing.length} contents are missing, ${missing[0] ?? ''} for one; begin the upload anew`,
      { details: { missing: missing.slice(0, 100) } },
    );
  }
}
