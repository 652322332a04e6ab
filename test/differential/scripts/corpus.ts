/** Scripts by what they are about. They get two keys, `key:{1}` and `key:{2}`, and three arguments. */
export type Corpus = Readonly<Record<string, readonly string[]>>;
