/**
 * Bundles the libraries that the page uses from npm into static/vendor/, as ES modules: one that
 * every page with answers needs, and two that are loaded when there is code or a formula to show.
 *
 * The "worker" condition chooses builds that know no document: the browser build of an entity
 * decoder may set innerHTML, which Trusted Types would refuse (tests/js/modules.test.js looks for
 * such sinks in what comes out).
 */
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const VENDOR = "static/vendor";

const markdown = `export { default } from "markdown-it";`;

/** One module a language, so that a page loads those that it shows; grammars that lean on each other go together. */
const languages = {
  engine: `
    export { highlightTree, tagHighlighter, tags } from "@lezer/highlight";
    export { parseMixed } from "@lezer/common";
    import "@lezer/lr";`,
  web: `
    export { parser as css } from "@lezer/css";
    export { configureNesting, parser as html } from "@lezer/html";
    export { parser as javascript } from "@lezer/javascript";`,
  ...Object.fromEntries(
    ["cpp", "go", "java", "json", "php", "python", "rust", "yaml"].map((name) => [
      name,
      `export { parser as ${name} } from "@lezer/${name}";`,
    ]),
  ),
  // Read line by line, which is enough for them.
  lines: Object.entries({
    clike: "csharp, dart, kotlin, objectiveC, scala",
    cmake: "cmake",
    css: "less, sCSS",
    diff: "diff",
    dockerfile: "dockerFile",
    haskell: "haskell",
    julia: "julia",
    lua: "lua",
    nginx: "nginx",
    perl: "perl",
    powershell: "powerShell",
    properties: "properties",
    protobuf: "protobuf",
    r: "r",
    ruby: "ruby",
    shell: "shell",
    sql: "standardSQL",
    stex: "stex",
    swift: "swift",
    toml: "toml",
    xml: "xml",
  })
    .map(([file, names]) => `export { ${names} } from "@codemirror/legacy-modes/mode/${file}";`)
    .join("\n"),
};

// Its tree, not its own way to the page: what becomes a node is decided in static/js/markdown/formula.js.
const formulas = `import katex from "katex"; export const treeOf = katex.__renderToDomTree;`;

/** @type {import("esbuild").BuildOptions} */
const options = {
  absWorkingDir: import.meta.dirname,
  bundle: true,
  format: "esm",
  target: "es2022",
  conditions: ["worker"],
  minify: true,
  legalComments: "inline",
  banner: { js: "// @ts-nocheck" },
};

/** @param {string} name @param {string} contents */
async function bundle(name, contents) {
  await build({ ...options, stdin: { contents, resolveDir: import.meta.dirname }, outfile: `${VENDOR}/${name}.js` });
}

/** Modules that share what they have in common. @param {string} folder @param {Record<string, string>} modules */
async function bundles(folder, modules) {
  await rm(`${VENDOR}/${folder}`, { recursive: true, force: true });
  await build({
    ...options,
    entryPoints: Object.keys(modules).map((name) => ({ in: `made:${name}`, out: name })),
    outdir: `${VENDOR}/${folder}`,
    splitting: true,
    plugins: [
      {
        name: "made",
        setup(made) {
          made.onResolve({ filter: /^made:/ }, ({ path }) => ({ path: path.slice(5), namespace: "made" }));
          made.onLoad({ filter: /.*/, namespace: "made" }, ({ path }) => ({
            contents: modules[path],
            resolveDir: import.meta.dirname,
          }));
        },
      },
    ],
  });
}

/** The style sheet of formulas, with the one format of its fonts that every browser knows. */
async function formulaStyles() {
  const from = "node_modules/katex/dist";
  await mkdir(`${VENDOR}/fonts`, { recursive: true });
  const style = await readFile(`${from}/katex.min.css`, "utf8");
  await writeFile(`${VENDOR}/formulas.css`, style.replace(/,url\([^)]*\.(?:woff|ttf)\) format\("[a-z]+"\)/g, ""));
  const fonts = (await readdir(`${from}/fonts`)).filter((name) => name.endsWith(".woff2"));
  await Promise.all(fonts.map((name) => copyFile(`${from}/fonts/${name}`, `${VENDOR}/fonts/${name}`)));
}

await bundle("markdown", markdown);
await bundles("languages", languages);
await bundle("formulas", formulas);
await formulaStyles();
