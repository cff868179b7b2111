import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./dom.js";

const words = {
  Saved: "Gespeichert",
  "Remove %(name)s": "%(name)s entfernen",
  "%(count)s file": ["%(count)s Datei", "%(count)s Dateien"],
  "month\u0004May": "Mai",
  Empty: "",
};
const catalogue = `<script id="catalogue" type="application/json">${JSON.stringify(words)}</script>`;
const { document } = page(`<!doctype html><html lang="de"><body>${catalogue}</body></html>`);
const { gettext, language, list, moment, ngettext, number, pgettext } = await import("../../static/js/i18n.js");

test("without a page the English text is said, with its values", () => {
  assert.equal(language(), "en");
  assert.equal(gettext("Saved"), "Saved");
  assert.equal(gettext("Remove %(name)s", { name: "<b>" }), "Remove <b>");
  assert.equal(ngettext("%(count)s file", "%(count)s files", 1), "1 file");
  assert.equal(ngettext("%(count)s file", "%(count)s files", 1234), "1,234 files");
});

test("with a catalogue its words are said, numbers and dates as its language writes them", () => {
  Object.assign(globalThis, { document });
  assert.equal(language(), "de");
  assert.equal(gettext("Saved"), "Gespeichert");
  assert.equal(gettext("Remove %(name)s", { name: "x%(name)s" }), "x%(name)s entfernen");
  assert.equal(pgettext("month", "May"), "Mai");
  assert.equal(ngettext("%(count)s file", "%(count)s files", 1), "1 Datei");
  assert.equal(ngettext("%(count)s file", "%(count)s files", 1234), "1.234 Dateien");
  assert.equal(number(0.5, { style: "percent" }).replace(/\s/u, " "), "50 %");
  assert.match(moment("2026-11-25T10:00:00Z", { dateStyle: "long", timeZone: "UTC" }), /25\. November 2026/);
  assert.equal(list(["a", "b", "c"]), "a, b und c");
});

test("what the catalogue lacks, or has empty, is said in English", () => {
  assert.equal(gettext("Empty"), "Empty");
  assert.equal(gettext("constructor"), "constructor");
  assert.equal(gettext("%(unknown)s stays"), "%(unknown)s stays");
});
