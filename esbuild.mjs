/**
 * Bundles the libraries that the page uses from npm into static/vendor/, as ES modules.
 *
 * The "worker" condition chooses builds that know no document: the browser build of
 * decode-named-character-reference sets innerHTML, which Trusted Types would refuse
 * (tests/js/vendor.test.js looks for such sinks in what comes out).
 */
import { build } from "esbuild";

const markdown = `
  export { fromMarkdown } from "mdast-util-from-markdown";
  export { gfm } from "micromark-extension-gfm";
  export { gfmFromMarkdown } from "mdast-util-gfm";
  export { math } from "micromark-extension-math";
  export { mathFromMarkdown } from "mdast-util-math";
`;

await build({
  stdin: { contents: markdown, resolveDir: import.meta.dirname },
  outfile: "static/vendor/markdown.js",
  absWorkingDir: import.meta.dirname,
  bundle: true,
  format: "esm",
  target: "es2022",
  conditions: ["worker"],
  minify: true,
  legalComments: "inline",
  banner: { js: "// @ts-nocheck" },
});
