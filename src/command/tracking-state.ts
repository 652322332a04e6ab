/** What a client asked for with CLIENT TRACKING ON. Clients that did not have no such object. */
export interface TrackingState {
  /** The id of the client that gets the messages; 0: this one. */
  redirect: number;
  /** It was found that the client which should get the messages is gone. */
  broken: boolean;
  /** It is told of all changes to keys with its prefixes, instead of those that it has read. */
  readonly broadcast: boolean;
  /** In latin1, sorted. The empty one stands for all keys. */
  readonly prefixes: string[];
  /** About what they take. */
  readonly prefixBytes: number;
  /** Only what is read after CLIENT CACHING YES is tracked. */
  optIn: boolean;
  /** What is read after CLIENT CACHING NO is not tracked. */
  optOut: boolean;
  /** It is not told of its own changes. */
  noLoop: boolean;
  /** CLIENT CACHING was called: it holds for the request or transaction that follows. */
  caching: boolean;
}
