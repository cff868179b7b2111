/** Languages: the names that are written behind a fence, and what their files end with. */

/** Every name and abbreviation, beside the one of grammars.js. */
const NAMES = new Map(
  Object.entries({
    cpp: "c++ c cc cxx h hpp cuda arduino ino",
    csharp: "c# cs",
    diff: "patch udiff",
    dockerfile: "docker containerfile",
    go: "golang",
    haskell: "hs",
    html: "htm xhtml vue svelte django jinja jinja2 handlebars",
    ini: "properties cfg conf env dotenv editorconfig",
    javascript: "js jsx mjs cjs node",
    json: "json5 jsonc jsonl geojson",
    julia: "jl",
    kotlin: "kt kts groovy gradle",
    latex: "tex",
    objectivec: "objc objective-c",
    perl: "pl",
    powershell: "ps1 pwsh ps",
    protobuf: "proto",
    python: "py python3 py3 ipython pycon",
    ruby: "rb",
    rust: "rs",
    scss: "sass",
    shell: "sh bash zsh fish console shell-session shellsession terminal ksh",
    sql: "postgresql postgres mysql sqlite plsql tsql psql",
    typescript: "ts mts cts",
    xml: "svg rss xsl xslt plist",
    yaml: "yml",
  }).flatMap(([name, others]) => others.split(" ").map((other) => [other, name])),
);

/** @type {Record<string, string>} where it is not the name itself */
const EXTENSIONS = {
  csharp: "cs",
  haskell: "hs",
  javascript: "js",
  julia: "jl",
  kotlin: "kt",
  latex: "tex",
  markdown: "md",
  mermaid: "mmd",
  objectivec: "m",
  perl: "pl",
  plaintext: "txt",
  powershell: "ps1",
  protobuf: "proto",
  python: "py",
  ruby: "rb",
  rust: "rs",
  shell: "sh",
  text: "txt",
  typescript: "ts",
};

/** @param {string} written behind the fence, in small letters */
export function languageOf(written) {
  return NAMES.get(written) ?? written;
}

/** @param {string} written behind the fence, in small letters */
export function extensionOf(written) {
  const found = EXTENSIONS[languageOf(written)] ?? written;
  return /^[a-z0-9]{1,10}$/.test(found) ? found : "txt";
}
