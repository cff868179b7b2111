/** The groups of a list by day, in the reader's own time zone. Mirror of conversations/sidebar.py. */
import { gettext, moment } from "./i18n.js";

const DAY = 86_400_000;

/**
 * @param {string} updated ISO 8601 @param {Date} [now]
 * @returns {{key: string, label: string}}
 */
export function dayOf(updated, now = new Date()) {
  const then = new Date(updated);
  // Between two midnights may be an hour more or less than a day.
  const days = Math.round((midnight(now) - midnight(then)) / DAY);
  if (days <= 0) return { key: "today", label: gettext("Today") };
  if (days === 1) return { key: "yesterday", label: gettext("Yesterday") };
  if (days < 8) return { key: "week", label: gettext("Previous 7 days") };
  const month = String(then.getMonth() + 1).padStart(2, "0");
  return {
    key: `${then.getFullYear()}-${month}`,
    label: moment(updated, { month: "long", year: "numeric" }),
  };
}

/** @param {Date} date */
function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
