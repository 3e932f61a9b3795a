export { startS3, type S3TestServer } from './s3-server.js';
