/**
 * One conversation over one connection: commands out, updates in, repaired after every interruption.
 * It knows no document.
 *
 * Events: "change" (the transcript or what is being sent), "accepted" (detail: {entry, update, here}),
 * "refused" (detail: {entries, update, here}; entries: what was refused and what waited behind it),
 * "gone" (the conversation is not there any more), "conversation" (detail: a ConversationChanged, of any
 * conversation), "ready", "stranger" (somebody else is signed in now: nothing was sent).
 *
 * @typedef {import("./transcript.js").Transcript} Transcript
 * @typedef {import("./tree.js").Message} Message
 * @typedef {import("./outbox.js").Keyed} Keyed
 * @typedef {import("./outbox.js").Waiting} Waiting
 * @typedef {(conversation: string) => Promise<{messages: Message[]} | null>} Read  the conversation over HTTP
 */
import { learn } from "./clock.js";
import { encode, FRAME_LIMIT } from "./protocol.js";
import { Sender } from "./sender.js";
import { apply, cursors, liveMessage, reloaded, stopping } from "./transcript.js";
import { isLive, lastBelow, rated } from "./tree.js";

const READ_AGAIN_AFTER = 1_000;

export class Session extends EventTarget {
  #connection;
  #outbox;
  #read;
  #transcript;
  #sender;
  #reading = false;
  /** The line of a conversation that does not exist yet. */
  #newLine;
  /** Whether the messages of all branches are known. */
  #whole = false;
  /** @type {import("./protocol.js").Options} of a conversation that begins here */
  options = {};

  /**
   * @param {import("./connection.js").Connection} connection
   * @param {import("./outbox.js").Outbox} outbox
   * @param {Transcript} transcript
   * @param {Read} read
   * @param {import("./tabs.js").Tab | {id: string, gone: (tabs: string[]) => Promise<string[]>}} [tab]
   */
  constructor(connection, outbox, transcript, read, tab = { id: "", gone: async () => [] }) {
    super();
    this.#connection = connection;
    this.#outbox = outbox;
    this.#transcript = transcript;
    this.#read = read;
    this.#newLine = `new.${tab.id || "shared"}`;
    this.#sender = new Sender(connection, outbox, tab, {
      isHere: (line) => line === this.#line,
      isFree: () => !isAnswering(this.#transcript),
    });
  }

  get transcript() {
    return this.#transcript;
  }

  /** What was sent in this conversation but is not accepted yet. */
  get sending() {
    return this.#outbox.of(this.#line);
  }

  get #line() {
    return this.#transcript.conversation ?? this.#newLine;
  }

  /** What a message that is not accepted waits for; nothing where it is on its way. @param {Waiting} entry */
  waitsFor({ command }) {
    if (this.#connection.state !== "ready") return "line";
    if (this.#sender.isUnderWay(command.key)) return null;
    return this.sending[0]?.command.key === command.key ? "answer" : "turn";
  }

  start() {
    this.#connection.addEventListener("update", this.#received);
    this.#connection.addEventListener("state", this.#moved);
    this.#outbox.addEventListener("change", this.#moved);
    this.#connection.start();
  }

  stop() {
    this.#connection.removeEventListener("update", this.#received);
    this.#connection.removeEventListener("state", this.#moved);
    this.#outbox.removeEventListener("change", this.#moved);
    this.#sender.stop();
    this.#connection.stop();
  }

  /**
   * @param {string} text
   * @param {string | undefined} model
   * @param {import("./protocol.js").Attachment[]} [attachments]
   * @param {{parent?: string | null}} [place] the message below which it stands instead of the newest one shown
   * @returns {boolean} false where no server would take a frame that large
   */
  send(text, model, attachments = [], place = {}) {
    const key = crypto.randomUUID();
    const { conversation, head } = this.#transcript;
    /** @type {import("./protocol.js").Send} */
    const command = { type: "send", ref: key, key, text };
    if (conversation) command.conversation = conversation;
    if (conversation && head) command.parent = head;
    if (conversation && place.parent !== undefined) command.parent = place.parent;
    if (attachments.length) command.attachments = attachments.map(({ id }) => id);
    if (model) command.model = model;
    if (!conversation && Object.keys(this.options).length) command.options = this.options;
    if (new TextEncoder().encode(encode(command)).byteLength > FRAME_LIMIT) return false;
    this.#keep(command, attachments, place.parent !== undefined);
    return true;
  }

  /** What waits is not to be sent after all. @param {string} key @returns {Waiting | undefined} what it was */
  takeBack(key) {
    const taken = this.#outbox.take(key);
    if (taken) this.#moved();
    return taken;
  }

  /** @param {string} message an answer @param {string | undefined} model */
  regenerate(message, model) {
    const key = crypto.randomUUID();
    this.#keep({ type: "regenerate", ref: key, key, message, ...(model ? { model } : {}) });
  }

  /** @param {string} message an answer that was cut off: it grows */
  continueAnswer(message) {
    const key = crypto.randomUUID();
    this.#keep({ type: "continue", ref: key, key, message });
  }

  /** Learns of all branches; false where they cannot be read just now. */
  async whole() {
    const { conversation } = this.#transcript;
    if (this.#whole || !conversation) return this.#whole;
    const read = await this.#read(conversation);
    if (read) this.#learn(read.messages);
    return this.#whole;
  }

  /** Shows the branch through a message, as far as it was written; false where there is no such message. @param {string} uuid */
  show(uuid) {
    const head = lastBelow(this.#transcript.messages, uuid);
    if (head) this.#become({ ...this.#transcript, head });
    return head !== null;
  }

  /** Notes what the person thinks of an answer. @param {string} uuid @param {import("./tree.js").Feedback | null} feedback */
  rate(uuid, feedback) {
    this.#become({ ...this.#transcript, messages: rated(this.#transcript.messages, uuid, feedback) });
  }

  /** Stops the answer that is being written, if one is. */
  stopAnswer() {
    const message = liveMessage(this.#transcript);
    if (!message) return;
    this.#become(stopping(this.#transcript, message.uuid));
    this.#connection.send({ type: "stop", ref: "stop", message: message.uuid });
  }

  /** @param {Keyed} command @param {import("./protocol.js").Attachment[]} [files] @param {boolean} [placed] */
  #keep(command, files, placed) {
    this.#outbox.add(command, this.#line, files, placed);
    this.#moved();
  }

  #moved = () => {
    this.#sender.flush();
    this.dispatchEvent(new Event("change"));
  };

  /** @param {Event} event */
  #received = (event) => {
    const update = /** @type {CustomEvent<import("./protocol.js").Update>} */ (event).detail;
    switch (update.type) {
      case "ready":
        learn(update.server_time);
        return update.user === this.#outbox.person ? this.#ready() : this.#strange();
      case "conversation":
        this.#numbered(update);
        if (update.running === false) this.#sender.release(update.conversation);
        return void this.dispatchEvent(new CustomEvent("conversation", { detail: update }));
      case "refused":
        return this.#refused(update);
      case "accepted":
        return this.#accepted(update);
      default:
        return this.#numbered(update);
    }
  };

  /** Nothing is known of what happened meanwhile: ask for all that this tab has not seen. */
  #ready() {
    this.#follow();
    this.#sender.restart();
    const live = liveMessage(this.#transcript);
    if (live?.stopping) this.#connection.send({ type: "stop", ref: "stop", message: live.uuid });
    this.dispatchEvent(new Event("ready"));
  }

  /** The browser's session is another person's: nothing of this one's is said on it. */
  #strange() {
    this.stop();
    this.dispatchEvent(new Event("stranger"));
  }

  #follow() {
    const { conversation } = this.#transcript;
    if (!conversation) return;
    this.#connection.send({
      type: "follow",
      ref: "follow",
      conversation,
      cursors: cursors(this.#transcript),
    });
  }

  /** @param {import("./protocol.js").Accepted} update */
  #accepted(update) {
    const before = this.#line;
    const entry = this.#outbox.accepted(update);
    const here = entry ? entry.line === before : update.conversation === this.#transcript.conversation;
    if (here) this.#take(update);
    if (entry) this.dispatchEvent(new CustomEvent("accepted", { detail: { entry, update, here } }));
    if (entry) this.#moved();
  }

  /** @param {import("./protocol.js").Refused} update */
  #refused(update) {
    if (update.ref === "follow" && update.code === "not_found") this.dispatchEvent(new Event("gone"));
    const entry = this.#outbox.get(update.ref ?? "");
    if (!entry && update.retry_after) this.#connection.holdOff(update.retry_after);
    if (!entry) return;
    // Another tab asked first: it waits for that answer as for one of its own.
    if (update.code === "busy" && entry.command.type === "send") return this.#sender.hold(entry);
    const here = entry.line === this.#line;
    const alone = entry.command.type !== "send";
    const taken = alone ? [this.#outbox.take(entry.command.key)] : this.#outbox.takeFrom(entry.command.key);
    const entries = taken.filter((each) => each !== undefined);
    this.dispatchEvent(new CustomEvent("refused", { detail: { entries, update, here } }));
    this.#moved();
  }

  /** @param {import("./protocol.js").Update} update */
  #numbered(update) {
    if ("conversation" in update && update.conversation === this.#transcript.conversation) this.#take(update);
  }

  /** @param {import("./protocol.js").Update} update */
  #take(update) {
    const { transcript, effects } = apply(this.#transcript, update);
    this.#become(transcript);
    for (const effect of effects) {
      if (effect.kind === "follow") this.#follow();
      else void this.#reload(update.type === "following" ? update.newest : null);
    }
  }

  /** @param {Transcript} transcript */
  #become(transcript) {
    if (transcript === this.#transcript) return;
    this.#transcript = transcript;
    this.#moved();
  }

  /** @param {Message[]} messages of all branches */
  #learn(messages) {
    this.#whole = true;
    this.#become(reloaded(this.#transcript, messages));
  }

  /**
   * Messages that were never announced here are read over HTTP, and followed from where that ends.
   * @param {string | null} newest
   */
  async #reload(newest) {
    const { conversation } = this.#transcript;
    if (!conversation || this.#reading) return;
    this.#reading = true;
    const whole = await this.#read(conversation);
    if (whole) this.#learn(whole.messages);
    const complete = whole?.messages.some((message) => newest === null || message.uuid === newest);
    setTimeout(
      () => {
        this.#reading = false;
        this.#follow();
      },
      complete ? 0 : READ_AGAIN_AFTER,
    );
  }
}

/** @param {Transcript} transcript */
export function isAnswering(transcript) {
  const live = liveMessage(transcript);
  return live !== null && isLive(live.status);
}
