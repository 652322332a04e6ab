declare module "*.wasm" {
  const path: string;
  // biome-ignore lint/style/noDefaultExport: this is how the bundler gives a file's path.
  export default path;
}

declare module "*/prelude.js" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: this is how the bundler gives a file's text.
  export default text;
}
