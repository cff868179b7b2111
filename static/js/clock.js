/** The server's time on this machine's clock, which may be wrong by minutes. */

/** What this machine's clock is ahead of the server's, in milliseconds. */
let ahead = 0;

/** @param {string} time that the server says it is now */
export function learn(time) {
  const at = Date.parse(time);
  if (!Number.isNaN(at)) ahead = Date.now() - at;
}

/** When it was here. @param {string} time by the server */
export function moment(time) {
  return Date.parse(time) + ahead;
}
