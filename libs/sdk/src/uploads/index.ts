export { describedFolder } from './by-difference.js';
export {
  publishFolder,
  uploadWays,
  type FolderOptions,
  type SentBytes,
  type UploadWay,
} from './publish-folder.js';
