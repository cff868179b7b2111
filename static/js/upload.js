/**
 * One file on its way to the server: with its progress, and to be broken off.
 *
 * @typedef {import("./protocol.js").Attachment} Attachment
 * @typedef {{promise: Promise<Attachment>, abort: () => void}} Upload  rejects with an Error whose words can be shown
 */
import { gettext } from "./i18n.js";
import { token } from "./site.js";

const failed = () => gettext("It could not be uploaded. Is the connection there?");

/**
 * @param {string} address
 * @param {File} file
 * @param {(share: number) => void} progress from 0 to 1
 * @returns {Upload}
 */
export function upload(address, file, progress) {
  // `fetch` tells nothing of how much has gone out.
  const request = new XMLHttpRequest();
  const promise = new Promise((resolve, reject) => {
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText));
      else reject(new Error(reasonOf(request)));
    });
    for (const end of ["error", "abort", "timeout"]) {
      request.addEventListener(end, () => reject(new Error(failed())));
    }
  });
  const form = new FormData();
  form.append("file", file, file.name);
  request.open("POST", address);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRFToken", token());
  request.send(form);
  return { promise: /** @type {Promise<Attachment>} */ (promise), abort: () => request.abort() };
}

/** @param {string} address @param {string} id of one that will not be sent */
export async function discard(address, id) {
  try {
    await fetch(`${address}/${id}`, { method: "DELETE", headers: { "X-CSRFToken": token() } });
  } catch {
    // What is not sent goes by itself.
  }
}

/** @param {XMLHttpRequest} request */
function reasonOf(request) {
  if (request.status === 401) return gettext("You are signed out. Load the page again to sign in.");
  try {
    return JSON.parse(request.responseText).error.detail;
  } catch {
    // A proxy before the server has limits, too, and words of its own.
    return request.status === 413 ? gettext("This file is too large.") : failed();
  }
}
