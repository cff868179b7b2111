/** The site over HTTP: the forms of the page, sent in the background, and the reading part of the API. */
import { gettext } from "./i18n.js";
import { PROTOCOL } from "./protocol.js";

/** @typedef {{id: string, title: string, updated_at: string}} Listed */

/** What changes over HTTP need (CSRF); the page's forms carry it. */
export function token() {
  return /** @type {HTMLInputElement} */ (document.querySelector('[name="csrfmiddlewaretoken"]')).value;
}

/** A new session has another one. @param {string} fresh */
export function renew(fresh) {
  for (const field of document.querySelectorAll('[name="csrfmiddlewaretoken"]'))
    /** @type {HTMLInputElement} */ (field).value = fresh;
}

/** @param {string} address @returns {Promise<boolean>} false only where the server says so */
export async function exists(address) {
  try {
    return (await fetch(address, { method: "HEAD", cache: "no-store", redirect: "manual" })).status !== 404;
  } catch {
    return true;
  }
}

/**
 * @param {HTMLFormElement} form @param {Record<string, string>} [more] fields, as a button adds one
 * @returns {Promise<boolean>} whether it was done
 */
export async function submit(form, more = {}) {
  const body = new FormData(form);
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
      redirect: "manual",
    });
    return answer.ok;
  } catch {
    return false;
  }
}

/** @param {string} address @returns {Promise<any>} null where it could not be read */
export async function read(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/**
 * @param {string} address @param {object} fields
 * @returns {Promise<string>} why it was not changed; nothing where it was
 */
export function change(address, fields) {
  return call("PATCH", address, fields);
}

/**
 * @param {"POST" | "PATCH" | "PUT" | "DELETE"} method @param {string} address @param {object} [fields]
 * @returns {Promise<string>} why it was not done; nothing where it was
 */
export async function call(method, address, fields) {
  try {
    const answer = await fetch(address, {
      method,
      body: fields && JSON.stringify(fields),
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token() },
    });
    if (answer.ok) return "";
    return (await answer.json()).error.detail;
  } catch {
    return gettext("This could not be saved. Try again.");
  }
}

/** @param {string} path of the socket @returns {string} its address, seen from this page */
export function socketAddress(path) {
  const address = new URL(path, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  address.searchParams.set("protocol", String(PROTOCOL));
  return address.href;
}
