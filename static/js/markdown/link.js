/** Where a link in text of a model may lead (R101). Everything else is shown as text. */

const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/**
 * @param {string} address as written
 * @returns {{href: string, place: string} | null} the address made whole, and the host or mailbox to show
 */
export function target(address) {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  if (!SCHEMES.has(url.protocol)) return null;
  // "https://bank.example@evil.example/" reads like the bank: a link needs no credentials.
  if (url.username || url.password) return null;
  const place = url.protocol === "mailto:" ? url.pathname : url.host;
  return place ? { href: url.href, place } : null;
}
