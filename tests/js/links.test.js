import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { target } from "../../static/js/markdown/link.js";

const { cases } = JSON.parse(readFileSync(new URL("../samples/links.json", import.meta.url), "utf8"));

for (const { address, place, href } of cases) {
  test(`where "${address}" leads, and what is shown of it (R101)`, () => {
    assert.equal(target(address)?.place ?? null, place);
    if (href) assert.equal(target(address)?.href, href);
  });
}
