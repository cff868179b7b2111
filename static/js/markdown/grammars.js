/**
 * The grammars of languages, each loaded when there is code in it: Lezer's parsers, which are linear
 * and can be interrupted, and for other languages those that read line by line.
 *
 * @typedef {import("./stream.js").Mode} Mode
 * @typedef {{parser: any} | {mode: Mode}} Grammar
 */

const web = () => import("../../vendor/languages/web.js");
const lines = () => import("../../vendor/languages/lines.js");

/** @param {string} dialect */
const script = (dialect) => async () => ({ parser: (await web()).javascript.configure({ dialect }) });

/** @param {(modes: any) => Mode} choose */
const byLine = (choose) => async () => ({ mode: choose(await lines()) });

/** @type {Record<string, () => Promise<Grammar>>} */
const GRAMMARS = {
  cmake: byLine((modes) => modes.cmake),
  cpp: async () => ({ parser: (await import("../../vendor/languages/cpp.js")).cpp }),
  csharp: byLine((modes) => modes.csharp),
  css: async () => ({ parser: (await web()).css }),
  dart: byLine((modes) => modes.dart),
  diff: byLine((modes) => modes.diff),
  dockerfile: byLine((modes) => modes.dockerFile),
  go: async () => ({ parser: (await import("../../vendor/languages/go.js")).go }),
  haskell: byLine((modes) => modes.haskell),
  html: async () => ({ parser: withScripts(await web()) }),
  ini: byLine((modes) => modes.properties),
  java: async () => ({ parser: (await import("../../vendor/languages/java.js")).java }),
  javascript: script("jsx"),
  json: async () => ({ parser: (await import("../../vendor/languages/json.js")).json }),
  julia: byLine((modes) => modes.julia),
  kotlin: byLine((modes) => modes.kotlin),
  latex: byLine((modes) => modes.stex),
  less: byLine((modes) => modes.less),
  lua: byLine((modes) => modes.lua),
  nginx: byLine((modes) => modes.nginx),
  objectivec: byLine((modes) => modes.objectiveC),
  perl: byLine((modes) => modes.perl),
  php: async () => ({ parser: (await import("../../vendor/languages/php.js")).php }),
  powershell: byLine((modes) => modes.powerShell),
  protobuf: byLine((modes) => modes.protobuf),
  python: async () => ({ parser: (await import("../../vendor/languages/python.js")).python }),
  r: byLine((modes) => modes.r),
  ruby: byLine((modes) => modes.ruby),
  rust: async () => ({ parser: (await import("../../vendor/languages/rust.js")).rust }),
  scala: byLine((modes) => modes.scala),
  scss: byLine((modes) => modes.sCSS),
  shell: byLine((modes) => modes.shell),
  sql: byLine((modes) => modes.standardSQL),
  swift: byLine((modes) => modes.swift),
  toml: byLine((modes) => modes.toml),
  tsx: script("jsx ts"),
  typescript: script("ts"),
  xml: byLine((modes) => modes.xml),
  yaml: async () => ({ parser: (await import("../../vendor/languages/yaml.js")).yaml }),
};

/** Scripts and styles in a page are code of their own. @param {any} grammars */
function withScripts({ html, css, javascript, configureNesting }) {
  const wrap = configureNesting([
    { tag: "script", parser: javascript },
    { tag: "style", parser: css },
  ]);
  return html.configure({ wrap });
}

/**
 * @param {string} language as languages.js names it
 * @param {string} text in it
 * @returns {Promise<Grammar | null>}
 */
export async function grammarOf(language, text) {
  const grammar = Object.hasOwn(GRAMMARS, language) ? await GRAMMARS[language]() : null;
  // PHP begins as a page with code in it; people show the code alone.
  if (language === "php" && grammar && "parser" in grammar && !text.includes("<?"))
    return { parser: grammar.parser.configure({ top: "Program" }) };
  return grammar;
}
