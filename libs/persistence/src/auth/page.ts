/** A page of a list, newest first. */
export interface PageOfClient {
  client?: string;
  /** Only those older than this id: the next page. */
  before?: string;
  limit?: number;
}
